/** Colour, decided once per output and passed down. */
import { styleText } from 'node:util';
import type { Terminal } from '../command.ts';

export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

export type ColourWish = 'auto' | 'always' | 'never';

type Format = Parameters<typeof styleText>[0];

/** `always` and `never` stand; `auto` means a terminal that is not dumb and no NO_COLOR (https://no-color.org). */
export const isColoured = (wish: ColourWish, terminal: Terminal, env: Readonly<Record<string, string | undefined>>): boolean =>
  wish === 'always' || (wish === 'auto' && terminal.isTty && !env['NO_COLOR'] && env['TERM'] !== 'dumb');

/** Functions that colour, or leave alone. */
export const paintOf = (coloured: boolean): Paint => {
  const style =
    (format: Format) =>
    (text: string): string =>
      coloured && text !== '' ? styleText(format, text, { validateStream: false }) : text;
  return { bold: style('bold'), dim: style('dim'), red: style('red'), green: style('green'), yellow: style('yellow'), cyan: style('cyan') };
};

/** The wish of `--color[=always|auto|never]`; undefined for a word that is none of them. */
export const colourWishOf = (word: string | undefined): ColourWish | undefined =>
  word === undefined ? 'auto' : word === 'always' || word === 'never' || word === 'auto' ? word : undefined;

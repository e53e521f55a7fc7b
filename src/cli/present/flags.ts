/** The dialect's table of flags, as help and README show it. */
import { BOOTSTRAP_FLAGS } from '../../core/config/bootstrap-flags.ts';
import type { BootstrapFlag } from '../../core/config/bootstrap-flags-table.ts';
import { columns } from './lines.ts';

export interface FlagCells {
  /** `--dns-cluster-ip IP[,IP…]`; empty where there is only a variable. */
  readonly word: string;
  readonly env: string;
  readonly text: string;
  readonly fallback: string;
}

export const flagCells = ({ flag, env, value, default: fallback, help }: BootstrapFlag): FlagCells => ({
  word: flag === undefined ? '' : value === undefined ? flag : `${flag} ${value}`,
  env: env ?? '',
  text: help,
  fallback,
});

export const FLAG_GROUPS: readonly (readonly [BootstrapFlag['group'], string])[] = [
  ['bootstrap.sh', 'Flags of bootstrap.sh'],
  ['bootwright', 'Flags of ours'],
  ['run', 'Flags about this run'],
];

/** Every flag with its meaning, its variable and its default, in groups. */
export const flagText = (width: number): string =>
  FLAG_GROUPS.map(([group, title]) => {
    const rows = BOOTSTRAP_FLAGS.filter((flag) => flag.group === group).map((flag) => {
      const { word, env, text, fallback } = flagCells(flag);
      const notes = [env && word ? `or ${env}` : '', fallback ? `default: ${fallback}` : ''].filter((note) => note !== '').join('; ');
      return [word || env, `${text}${notes ? ` (${notes})` : ''}`];
    });
    return [`${title}:`, ...columns(rows, { width })].join('\n');
  }).join('\n\n');

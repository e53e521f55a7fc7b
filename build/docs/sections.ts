/** The generated parts of README.md and docs/, as Markdown from the tables that the program itself uses. */

import { CHECKS } from '../../src/checks/all.ts';
import { FOREIGN, PROGRAMS } from '../../src/cli/call.ts';
import { COMMANDS } from '../../src/cli/commands.ts';
import { ENVIRONMENT } from '../../src/cli/environment.ts';
import { stateRows } from '../../src/cli/present/csr-states.ts';
import { FLAG_GROUPS, flagCells } from '../../src/cli/present/flags.ts';
import { exitCodeRows, gateRange } from '../../src/cli/present/tables.ts';
import { BOOTSTRAP_FLAGS } from '../../src/core/config/bootstrap-flags.ts';
import { DEVIATIONS } from '../../src/core/deviations.ts';
import { GATES } from '../../src/core/kubelet/versions.ts';
import { NODEADM_DEVIATIONS } from '../../src/core/nodeadm-deviations.ts';
import { nodeConfigRows } from './node-config.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');

/** Rows as a Markdown table. */
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

const code = (text: string): string => (text === '' ? '' : `\`${text}\``);

const flags = (): string =>
  FLAG_GROUPS.map(([group, title]) => {
    const rows = BOOTSTRAP_FLAGS.filter((flag) => flag.group === group).map((flag) => {
      const { word, env, text, fallback } = flagCells(flag);
      return [code(word), code(env), text, fallback];
    });
    return `**${title}**\n\n${table(['Flag', 'Variable', 'Meaning', 'Default'], rows)}`;
  }).join('\n\n');

/** Output of real runs, for the sections that show some. */
interface Shown {
  readonly preview: string;
  readonly maxPods: string;
  readonly nodeConfig: { readonly preview: string; readonly dump: string };
}

const shown = (output: string): string => `\`\`\`console\n${output.trimEnd()}\n\`\`\``;

/** Every generated section by its name. */
export const sectionsOf = ({ preview, maxPods, nodeConfig }: Shown): Readonly<Record<string, string>> => ({
  preview: shown(preview),
  'max-pods': shown(maxPods),
  'node-config-preview': shown(nodeConfig.preview),
  'node-config-dump': shown(nodeConfig.dump),
  commands: table(
    ['Command', 'What it does'],
    COMMANDS.map((c) => [code(`bootwright ${c.name}`), c.summary]),
  ),
  programs: table(
    ['Name', 'Command'],
    [
      ...Object.entries(PROGRAMS).map(([name, command]) => [code(name), code(`bootwright ${command}`)]),
      ...Object.entries(FOREIGN).map(([name, { like }]) => [code(name), `${code(`bootwright ${like}`)}, with its own options`]),
    ],
  ),
  flags: flags(),
  gates: table(
    ['Gate', 'Kubelet', 'Effect'],
    GATES.map((gate) => [gate.id, gateRange(gate), gate.effect]),
  ),
  'exit-codes': table(['Code', 'Meaning'], exitCodeRows()),
  checks: table(
    ['Check', 'Passes when', 'Looked at after'],
    CHECKS.map(({ id, title, after }) => [code(id), title, after.join(', ')]),
  ),
  'csr-states': table(['Code', 'State', 'Meaning'], stateRows()),
  deviations: table(
    ['', 'bootstrap.sh', 'bootwright', 'Why'],
    DEVIATIONS.map(({ id, was, now, reason }) => [id, was, now, reason]),
  ),
  'node-config': table(
    ['Below `spec`', 'Form', 'Meaning', 'Default'],
    nodeConfigRows().map(([path = '', ...cells]) => [code(path), ...cells]),
  ),
  'nodeadm-deviations': table(
    ['', 'nodeadm', 'bootwright', 'Why'],
    NODEADM_DEVIATIONS.map(({ id, was, now, reason }) => [id, was, now, reason]),
  ),
  environment: table(
    ['Variable', 'Meaning'],
    ENVIRONMENT.map(([name, text]) => [name, text]),
  ),
});

const MARK = /<!-- generated: ([a-z-]+) -->\n[\s\S]*?<!-- end of generated -->/g;

/** The text with each marked part replaced. Throws for a mark that nobody fills. */
export const withSections = (text: string, sections: Readonly<Record<string, string>>): string =>
  text.replace(MARK, (whole, name: string) => {
    if (name === 'bench' || name === 'scale') return whole; // filled by the scripts in bench/: one needs a quiet machine, the other minutes
    const section = sections[name];
    if (section === undefined) throw new Error(`README.md asks for an unknown section: ${name}`);
    return `<!-- generated: ${name} -->\n${section}\n<!-- end of generated -->`;
  });

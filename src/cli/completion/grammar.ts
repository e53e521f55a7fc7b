/** What can be typed, as data: the table of commands and the dialect's flags, in the form that completion scripts and the man page need. */
import { BOOTSTRAP_FLAGS } from '../../core/config/bootstrap-flags.ts';
import type { BootstrapFlag } from '../../core/config/bootstrap-flags-table.ts';
import { KUBELET_CONFIG_KEYS } from '../../core/config/node-config/kubelet-config.ts';
import { ECR_REGIONS } from '../../core/data/ecr-accounts.ts';
import { DECIDED_KEYS } from '../../core/decided-keys.ts';
import { NODEADM_COMMANDS, PROGRAMS } from '../call.ts';
import type { Command, Option } from '../command.ts';
import { COMMANDS } from '../commands.ts';

export interface Value {
  /** As help writes it: `FILE`. */
  readonly name: string;
  /** What the disk is asked for; `any`: nothing. */
  readonly kind: 'file' | 'directory' | 'any';
  readonly choices: readonly string[];
}

export interface Flag {
  /** `-h`, `--help`: the long one last. */
  readonly names: readonly string[];
  readonly text: string;
  /** Absent: a switch. */
  readonly value?: Value;
  readonly multiple: boolean;
}

export interface CommandGrammar {
  readonly command: Command;
  /** One clause, as in the list of commands. */
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** Words to offer, by place. */
  readonly places: readonly (readonly string[])[];
}

export interface Grammar {
  /** The program that the script is for: `bootwright`, `nodeadm`. */
  readonly name: string;
  readonly commands: readonly CommandGrammar[];
  /** Flags of the bootstrap.sh dialect. */
  readonly dialect: readonly Flag[];
  /** Other names that the program is called by: name → command. */
  readonly programs: Readonly<Record<string, string>>;
}

const HELP: Flag = { names: ['-h', '--help'], text: 'show help', multiple: false };

/** Flags in the place of a command. */
export const PROGRAM_FLAGS: readonly Flag[] = [HELP, { names: ['-V', '--version'], text: 'print the version', multiple: false }];

/** Words behind `plan`, `preview` and `facts`: those that begin the dialect, and the one that begins sources of a NodeConfig. */
export const DIALECT_WORDS: readonly string[] = ['bootstrap', 'bootstrap.sh', 'init'];

/** Sets that a value's name stands for; here, so that no command loads a table for it. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  REGION: ECR_REGIONS,
  KEY: [...new Set([...DECIDED_KEYS, ...KUBELET_CONFIG_KEYS])],
};

const valueNamed = (name: string, choices: readonly string[] | undefined, isFile: boolean): Value => ({
  name,
  kind: isFile ? 'file' : name === 'DIR' ? 'directory' : 'any',
  choices: choices ?? (Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined) ?? [],
});

const flagOfOption = ({ name, short, value, multiple = false, choices, text }: Option): Flag => ({
  names: [...(short ? [`-${short}`] : []), `--${name}`],
  text,
  multiple,
  ...(value === undefined ? {} : { value: valueNamed(value, choices, value === 'FILE') }),
});

const flagOfDialect = ({ flag, value, choices, help }: BootstrapFlag): readonly Flag[] =>
  flag === undefined
    ? []
    : [
        {
          names: [flag],
          text: help,
          multiple: false,
          ...(value === undefined ? {} : { value: valueNamed(value, choices, value === 'PATH') }),
        },
      ];

/** Loads every command of the program. */
export const grammarOf = async (name: 'bootwright' | 'nodeadm'): Promise<Grammar> => {
  const isOurs = name === 'bootwright';
  const dialect = isOurs ? [...BOOTSTRAP_FLAGS.flatMap(flagOfDialect), HELP] : [];
  const commands = await Promise.all(
    COMMANDS.filter((entry) => isOurs || NODEADM_COMMANDS.includes(entry.name)).map(async ({ summary, load }) => {
      const command = await load();
      const own = [...command.options.map(flagOfOption), HELP];
      const places = command.dialect === 'after-word' ? [DIALECT_WORDS] : (command.words ?? []);
      return { command, summary, flags: command.dialect === 'at-once' ? dialect : own, places };
    }),
  );
  return { name, commands, dialect, programs: isOurs ? PROGRAMS : {} };
};

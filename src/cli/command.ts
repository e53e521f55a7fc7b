/** What a command is: a value with its options, examples and one function. Help, parsing and completion read the same table. */
import type { Diagnostic } from '../core/report.ts';

export interface Option {
  /** Without dashes: `facts`. */
  readonly name: string;
  readonly short?: string;
  /** The word that stands for the value in help; absent: a switch. */
  readonly value?: string;
  /** As `value`, for one that may be left out and else stands behind `=`. */
  readonly optionalValue?: string;
  readonly multiple?: boolean;
  /** Values that completion offers; which ones are right says the command. Without it, FILE, DIR and PATH are looked up on the disk. */
  readonly choices?: readonly string[];
  /** One clause. */
  readonly text: string;
}

interface Example {
  readonly line: string;
  readonly text: string;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** After the program's name, one per form. */
  readonly usage: readonly string[];
  /** Paragraphs between usage and options. */
  readonly description?: readonly string[];
  readonly options: readonly Option[];
  /** Words that completion offers, by place: first, second … */
  readonly words?: readonly (readonly string[])[];
  /** Where a line of the bootstrap.sh dialect begins: at once, or behind the first word. */
  readonly dialect?: 'at-once' | 'after-word';
  readonly examples: readonly Example[];
  /** More text after the options, computed when asked for: the flag table of a dialect. */
  readonly more?: () => Promise<string>;
  /** What `--help` ends with, where a predecessor's does not end with 0. */
  readonly helpExit?: number;
  /** Resolves to the exit code. Throws Refused, NodeError, or a bug. */
  readonly run: (args: readonly string[], context: Context) => Promise<number>;
}

/** An output of this process: where text goes, and whether a person watches. */
export interface Terminal {
  readonly write: (text: string | Uint8Array) => void;
  readonly isTty: boolean;
  readonly columns: number;
}

/** All that a command may touch besides the world's own APIs; it never looks at globals. */
export interface Context {
  /** The name the program was called by: `bootwright`, `bootstrap.sh` … */
  readonly calledAs: string;
  readonly style: Style;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly random: () => number;
  readonly uid: number;
  readonly cwd: string;
}

/** Whose manners to keep: `drop-in` exits and logs as bootstrap.sh did, `nodeadm` exits as that did, `own` as our table of exit codes says. */
export type Style = 'drop-in' | 'nodeadm' | 'own';

/** Why `Context.signal` is aborted: a person or the system ended the process. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: number;

  constructor(signal: string, exitCode: number) {
    super(`ended by ${signal}`);
    this.exitCode = exitCode;
  }
}

/** A user's mistakes, thrown once all of them are known. Nothing has been written. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(`${diagnostics.length} problems`);
    this.diagnostics = diagnostics;
  }
}

/** The program's log: one line per record on stderr, secrets masked. The only importer of winston. */
import { fstatSync } from 'node:fs';
import { createLogger, format, transports } from 'winston';
import { redacted } from './core/redact.ts';

export interface Log {
  readonly debug: (text: string) => void;
  readonly info: (text: string) => void;
  readonly warn: (text: string) => void;
  readonly error: (text: string) => void;
}

/** `bootstrap`: `<date> [eks-bootstrap] LEVEL: text`, as bootstrap.sh wrote and as people grep for. `plain`: `level: text`. */
export type LogFormat = 'bootstrap' | 'plain';

interface LogOptions {
  readonly format: LogFormat;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
}

/** sd-daemon(3): journald takes `<3>` at the start of a line as its priority and drops it. */
const PRIORITIES: Readonly<Record<string, number>> = { error: 3, warn: 4, info: 6, debug: 7 };
const LEVEL_WORDS: Readonly<Record<string, string>> = { error: 'ERROR', warn: 'WARNING', info: 'INFO', debug: 'DEBUG' };
const PLAIN_WORDS: Readonly<Record<string, string>> = { error: 'error: ', warn: 'warning: ', info: '', debug: 'debug: ' };

const two = (n: number): string => String(n).padStart(2, '0');

/** Local time as `date +%Y-%m-%dT%H:%M:%S%z` prints it. */
export const localTimeOf = (date: Date): string => {
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${zone}`;
};

/** True when stderr is a stream to the journal: JOURNAL_STREAM holds its device and inode (systemd.exec(5)). */
const goesToJournal = (stream: string | undefined): boolean => {
  if (!stream) return false;
  try {
    const { dev, ino } = fstatSync(2);
    return stream === `${dev}:${ino}`;
  } catch {
    return false; // stderr is closed
  }
};

/** One record as one line: control characters would let a hostile answer forge lines or colours. */
const oneLine = (text: string): string =>
  text
    .trimEnd()
    .replace(/\r?\n/g, ' | ')
    .replace(/[^\P{Cc}\t]/gu, '?');

/** A log on stderr. BOOTWRIGHT_DEBUG shows debug records too. */
export const createLog = ({ format: shape, env, now }: LogOptions): Log => {
  const journal = goesToJournal(env['JOURNAL_STREAM']);
  const line = (level: string, text: string): string => {
    const priority = journal ? `<${PRIORITIES[level] ?? 6}>` : '';
    const head =
      shape === 'bootstrap' ? `${localTimeOf(now())} [eks-bootstrap] ${LEVEL_WORDS[level] ?? 'INFO'}: ` : (PLAIN_WORDS[level] ?? '');
    return `${priority}${head}${oneLine(redacted(text))}`;
  };
  const logger = createLogger({
    level: env['BOOTWRIGHT_DEBUG'] ? 'debug' : 'info',
    format: format.printf(({ level, message }) => line(level, String(message))),
    transports: [new transports.Console({ stderrLevels: ['error', 'warn', 'info', 'debug'] })],
  });
  return {
    debug: (text) => void logger.log('debug', text),
    info: (text) => void logger.log('info', text),
    warn: (text) => void logger.log('warn', text),
    error: (text) => void logger.log('error', text),
  };
};

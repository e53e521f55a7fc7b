/** Files of this machine that a user names on our own command line. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { NodeError } from '../core/errors.ts';
import { readText } from '../facts/files.ts';
import { type Context, Refused } from './command.ts';

/** At most this much is read from standard input, as from a file. */
const LIMIT = 1024 * 1024;

/** False also for what cannot be looked at. */
export const isDirectory = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

/** All of standard input. @throws NodeError NO_INPUT */
export const readStdin = async (): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    chunks.push(Buffer.from(chunk));
    size += chunk.length;
    if (size > LIMIT)
      throw new NodeError('NO_INPUT', 'standard input is larger than 1 MiB', { remedy: 'Give a smaller document.', path: '-' });
  }
  return Buffer.concat(chunks);
};

/** The text of a file that `option` names; `-` is standard input. @throws NodeError NO_INPUT */
export const readNamed = async (name: string, option: string, context: Context): Promise<string> => {
  if (name === '-') return (await readStdin()).toString('utf8');
  const text = readText(resolve(context.cwd, name), `${option} ${name}`);
  if (text !== null) return text;
  throw new NodeError('NO_INPUT', `${option} ${name} does not exist`, {
    remedy: 'Check the path; it is a file of this machine.',
    path: name,
  });
};

/** The JSON in a file that `option` names. Throws Refused where it is none. */
export const readJson = async (name: string, option: string, context: Context): Promise<unknown> => {
  const text = await readNamed(name, option, context);
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = `is not JSON (${(error as Error).message})`;
    throw new Refused([
      { severity: 'error', code: 'invalid-json', path: `${option} ${name}`, message, remedy: 'give the output of `bootwright facts`' },
    ]);
  }
};

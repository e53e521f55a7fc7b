import { isUtf8 } from 'node:buffer';
import { NodeError } from '../../core/errors.ts';
import { type Diagnostic, errorAt } from '../../core/report.ts';
import { createImds, IMDS_DEADLINES, type ImdsDeadlines, type ImdsOptions, LONGEST_TOKEN_TTL_SECONDS } from '../../facts/imds.ts';
import { ImdsRefusal } from '../../facts/imds-failures.ts';
import { type Command, type Context, Refused } from '../command.ts';
import { isElsewhere, SHORT_IMDS } from '../elsewhere.ts';
import { parsedOf } from '../options.ts';
import { nodeErrorLine } from '../present/diagnostics.ts';
import { createProgress } from '../present/progress.ts';
import { plainWatch } from '../world.ts';

/** The variables of amazon-eks-ami's imds that are numbers, with what holds without them. */
const NUMBERS = {
  IMDS_TOKEN_TTL_SECONDS: { fallback: 900, from: 1, to: LONGEST_TOKEN_TTL_SECONDS },
  IMDS_RETRIES: { fallback: 10, from: 0, to: 1000 },
  IMDS_RETRY_DELAY_SECONDS: { fallback: 1, from: 0, to: 3600 },
} as const;
type NumberName = keyof typeof NUMBERS;

interface Settings {
  readonly tokenTtlSeconds: number;
  readonly deadlines: Partial<ImdsDeadlines>;
  readonly token?: string;
}

const numberFault = (name: NumberName, text: string): Diagnostic | undefined => {
  const { from, to } = NUMBERS[name];
  if (/^\d{1,5}$/.test(text) && Number(text) >= from && Number(text) <= to) return undefined;
  return errorAt('invalid-number', name, `'${text}' is not a whole number from ${from} to ${to}`, 'give one, or unset it');
};

/** What the environment asks for. Throws Refused with everything that is wrong in it. */
const settingsOf = (env: Context['env']): Settings => {
  const given = (name: NumberName | 'IMDS_TOKEN'): string | undefined => env[name] || undefined;
  const token = given('IMDS_TOKEN');
  const faults = (Object.keys(NUMBERS) as NumberName[]).flatMap((name) => numberFault(name, given(name) ?? '1') ?? []);
  if (token !== undefined && !/^[\x21-\x7e]{1,1024}$/.test(token))
    faults.push(errorAt('invalid-token', 'IMDS_TOKEN', 'is not a token', 'give what `imds token` prints, or unset it'));
  if (faults.length > 0) throw new Refused(faults);
  const number = (name: NumberName): number => Number(given(name) ?? NUMBERS[name].fallback);
  const isAsked = given('IMDS_RETRIES') !== undefined || given('IMDS_RETRY_DELAY_SECONDS') !== undefined;
  return {
    ...(token === undefined ? {} : { token }),
    tokenTtlSeconds: number('IMDS_TOKEN_TTL_SECONDS'),
    deadlines: isAsked || !isElsewhere() ? patienceOf(number('IMDS_RETRIES'), number('IMDS_RETRY_DELAY_SECONDS')) : { ...SHORT_IMDS.imds },
  };
};

/** Attempts decide, not time. Pauses are jittered around the delay; 0 leaves them to the client, as with curl. */
const patienceOf = (retries: number, delaySeconds: number): Partial<ImdsDeadlines> => {
  const backoff = delaySeconds === 0 ? IMDS_DEADLINES.backoff : { baseMs: 2000 * delaySeconds, capMs: 2000 * delaySeconds };
  return { attempts: retries + 1, backoff, totalMs: (retries + 1) * (IMDS_DEADLINES.requestMs + backoff.capMs) };
};

/** Text ends with exactly one newline, as a shell's echo of it; other bytes (compressed user data) stay as they are. */
const printed = (body: Uint8Array): Uint8Array => {
  if (!isUtf8(body)) return body;
  let end = body.length;
  while (body[end - 1] === 10) end--;
  return Buffer.concat([body.subarray(0, end), Buffer.from('\n')]);
};

const refusalIn = (error: unknown): ImdsRefusal | undefined =>
  error instanceof NodeError && error.cause instanceof ImdsRefusal ? error.cause : undefined;

/** The program of old ended with the HTTP status modulo 256 (404: 148), and showed the answer. */
const endAsBefore = (error: unknown, context: Context): number => {
  const refusal = refusalIn(error);
  if (context.style === 'own' || refusal === undefined || !(error instanceof NodeError)) throw error;
  const { status, body } = refusal.answer;
  if (body.length > 0) context.stderr.write(printed(body));
  context.stderr.write(`error: ${nodeErrorLine(error)}\n`);
  return status % 256 || 1;
};

const read = async (word: string, context: Context): Promise<Uint8Array> => {
  const debug = (text: string): void => {
    if (context.env['IMDS_DEBUG'] === 'true') context.stderr.write(`imds: ${text}\n`);
  };
  const progress = createProgress({ terminal: context.stderr, say: plainWatch(context).info });
  const options: ImdsOptions = {
    env: context.env,
    random: context.random,
    ...settingsOf(context.env),
    progress: (wait) => {
      debug(`${wait.text}; trying again`);
      progress.note(wait);
    },
  };
  const imds = createImds(options);
  const path = word.replace(/^\/+/, '');
  debug(`asking for ${word === 'token' ? 'a token' : `/${path}`}`);
  try {
    const body = word === 'token' ? Buffer.from(await imds.fetchToken(context.signal)) : await imds.read(path, context.signal);
    debug(`${body.length} bytes`);
    return body;
  } finally {
    progress.stop();
    await imds.close();
  }
};

export const imdsCommand: Command = {
  name: 'imds',
  summary: 'print what the instance metadata service says at a path',
  usage: ['bootwright imds PATH', 'bootwright imds token', 'imds PATH | token'],
  description: [
    'IMDSv2 only, never through a proxy. PATH is below the root of the service, as latest/meta-data/mac; a slash in front is not needed. The word token prints a new token.',
    'IMDS_ENDPOINT, IMDS_TOKEN (renewed when it has expired), IMDS_TOKEN_TTL_SECONDS (900), IMDS_RETRIES (10), IMDS_RETRY_DELAY_SECONDS (1) and IMDS_DEBUG=true count.',
    'Under the name imds it ends with the HTTP status modulo 256 where the service refuses (404: 148, 401: 145), and with 1 where there is no answer.',
  ],
  options: [],
  words: [
    [
      'token',
      'latest/dynamic/instance-identity/document',
      ...[
        'instance-id',
        'instance-life-cycle',
        'instance-type',
        'local-ipv4',
        'mac',
        'placement/availability-zone',
        'placement/region',
      ].map((leaf) => `latest/meta-data/${leaf}`),
      'latest/user-data',
    ],
  ],
  examples: [
    { line: 'bootwright imds latest/meta-data/', text: 'what there is' },
    { line: 'bootwright imds latest/meta-data/instance-life-cycle', text: 'on-demand or spot' },
    { line: 'bootwright imds latest/user-data', text: 'what this instance was launched with' },
  ],
  async run(args, context) {
    const [word] = parsedOf(args, { command: 'imds', options: [], positionals: 1 }).positionals;
    if (word === undefined)
      throw new Refused([errorAt('missing-value', 'PATH', 'is missing', 'write a path like latest/meta-data/mac, or the word token')]);
    try {
      context.stdout.write(printed(await read(word, context)));
      return 0;
    } catch (error) {
      return endAsBefore(error, context);
    }
  },
};

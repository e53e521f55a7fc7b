/** Where the limits of instance types come from: a table, and for what it lacks EC2. */

import { INSTANCE_LIMITS_DATE } from '../core/data/instance-limits.ts';
import { NodeError, remedyOf } from '../core/errors.ts';
import { type InstanceType, tabledTypeOf, tabledTypes } from '../core/kubelet/instance-types.ts';
import type { LimitsFile } from '../core/kubelet/limits-file.ts';
import { nearestOf } from '../core/nearest.ts';
import { errorAt } from '../core/report.ts';
import type { World } from '../facts/world.ts';
import { type Context, Refused } from './command.ts';
import { SHORT_IMDS, withRemedy } from './elsewhere.ts';
import { type OpenWorld, openWorld, plainWatch } from './world.ts';

export interface FoundType {
  readonly type: InstanceType;
  /** `table of 2026-11-21`, `limits.csv of 2026-12-01`, `DescribeInstanceTypes in us-west-2`. */
  readonly source: string;
}

/** A table of limits: the built-in one, or a file's instead of it. */
export interface TypeTable {
  readonly source: string;
  readonly names: () => readonly string[];
  readonly typeOf: (name: string) => InstanceType | undefined;
}

export const BUILT_IN: TypeTable = { source: `table of ${INSTANCE_LIMITS_DATE}`, names: tabledTypes, typeOf: tabledTypeOf };

export const tableOfFile = (path: string, { date, types }: LimitsFile): TypeTable => ({
  source: `${path}${date === undefined ? '' : ` of ${date}`}`,
  names: () => [...types.keys()],
  typeOf: (name) => types.get(name),
});

/** A person waits: shorter pauses than a node's, and an end. */
const PATIENCE = { ...SHORT_IMDS, aws: { backoff: { baseMs: 500, capMs: 4_000 }, totalMs: 120_000 } } as const;

const NO_REGION = 'Name the region: --region REGION or AWS_REGION; only an EC2 instance has one of its own.';
const NO_CREDENTIALS =
  'Give AWS credentials: AWS_PROFILE, AWS_ACCESS_KEY_ID …, or `aws sso login`; only an EC2 instance has some of its own.';

/** The world of a person at a laptop, or on an instance that has long been up. */
export const openForPerson = (context: Context): OpenWorld => openWorld(context, '/', plainWatch(context), PATIENCE);

/** The region where nobody named one: of the variables, the profile or this instance. @throws NodeError */
export const regionAtHand = async (world: World, remedy: string, { env, signal }: Context): Promise<string> => {
  if (env['AWS_REGION'] || env['AWS_DEFAULT_REGION']) return world.region(signal);
  const { profileRegion } = await import('../facts/profile.ts');
  return (await profileRegion(env)) ?? (await world.region(signal).catch(withRemedy(remedy)));
};

export interface Asked {
  readonly types: ReadonlyMap<string, FoundType>;
  readonly regions: readonly string[];
}

/**
 * Types by DescribeInstanceTypes, of these names or all, one region after the other. Where two regions disagree it is said, and the
 * smaller limits count: a node with an address too many works, one with a pod too many does not. @throws NodeError
 */
export const askEc2 = async (
  names: readonly string[] | undefined,
  given: readonly string[],
  world: World,
  context: Context,
): Promise<Asked> => {
  const regions = given.length > 0 ? [...new Set(given)] : [await regionAtHand(world, NO_REGION, context)];
  await world.credentials(context.signal).catch(withRemedy(NO_CREDENTIALS));
  const types = new Map<string, FoundType>();
  for (const region of regions) {
    const source = `DescribeInstanceTypes in ${region}`;
    for (const type of await world.describeTypes(region, names, context.signal)) {
      const before = types.get(type.type);
      if (before === undefined) types.set(type.type, { type, source });
      else if (before.type.enis !== type.enis || before.type.ipv4PerEni !== type.ipv4PerEni) {
        context.stderr.write(`warning: ${type.type}: ${before.source} and ${source} disagree; the smaller limits are taken\n`);
        const enis = Math.min(before.type.enis, type.enis);
        const ipv4PerEni = Math.min(before.type.ipv4PerEni, type.ipv4PerEni);
        types.set(type.type, { ...before, type: { ...before.type, enis, ipv4PerEni } });
      }
    }
  }
  if (names === undefined && types.size === 0)
    throw new NodeError('PROTOCOL', `EC2 names no instance type in ${regions.join(', ')}`, {
      remedy: 'Check the region and AWS_ENDPOINT_URL.',
    });
  return { types, regions };
};

const listed = (names: readonly string[]): string =>
  `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;

/** Of a family that there is: the names of families are too short to be guessed at. */
const suggestion = (name: string, table: TypeTable): string => {
  const family = name.slice(0, name.indexOf('.') + 1);
  const near = nearestOf(
    name,
    table.names().filter((one) => one.startsWith(family)),
  );
  return near === undefined ? '' : `did you mean ${near}? `;
};

/** The types that the table lacks. Throws Refused for those that EC2 does not have either, NodeError where it cannot be asked. */
const askForMissing = async (
  missing: readonly string[],
  { table, regions }: TypeQuestion,
  context: Context,
): Promise<ReadonlyMap<string, FoundType>> => {
  const { world, close } = openForPerson(context);
  try {
    const asked = await askEc2(missing, regions, world, context);
    const unknown = missing.filter((name) => !asked.types.has(name));
    if (unknown.length === 0) return asked.types;
    const message = `EC2 has no such instance type in ${asked.regions.join(', ')}`;
    throw new Refused(
      unknown.map((name) =>
        errorAt('unknown-instance-type', name, message, `${suggestion(name, table)}another region may have it: --region REGION`),
      ),
    );
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    const message = `${listed(missing)}: not found (${table.source}), and EC2 could not be asked: ${error.message}`;
    const near = missing.length === 1 ? suggestion(missing[0] ?? '', table) : '';
    const remedy = `${near}${remedyOf(error) ?? 'Try again'}${/[.?!]$/.test(remedyOf(error) ?? '') ? '' : '.'} A file with newer limits also does: --limits FILE.`;
    throw new NodeError(error.code, message, { remedy, cause: error });
  } finally {
    await close();
  }
};

export interface TypeQuestion {
  /** undefined: all there are. */
  readonly names: readonly string[] | undefined;
  readonly table: TypeTable;
  readonly regions: readonly string[];
  /** Ask EC2 in any case. */
  readonly describe: boolean;
}

/** The types in question, in the order of their names as given. @throws Refused, NodeError */
export const findTypes = async (question: TypeQuestion, context: Context): Promise<readonly FoundType[]> => {
  const { names, table, regions, describe } = question;
  if (names === undefined && describe) {
    const { world, close } = openForPerson(context);
    try {
      const { types } = await askEc2(undefined, regions, world, context);
      return [...types.values()].sort((a, b) => (a.type.type < b.type.type ? -1 : 1));
    } finally {
      await close();
    }
  }
  const tabled = (name: string): FoundType | undefined => {
    const type = table.typeOf(name);
    return type === undefined ? undefined : { type, source: table.source };
  };
  const wanted = names ?? [...table.names()].sort();
  const missing = wanted.filter((name) => describe || table.typeOf(name) === undefined);
  const asked = missing.length === 0 ? undefined : await askForMissing(missing, question, context);
  return wanted.flatMap((name) => asked?.get(name) ?? tabled(name) ?? []);
};

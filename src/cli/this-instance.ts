/** The instance that a command runs on, for the small programs that print one fact of it. */
import { type Facts, withFacts } from '../core/facts.ts';
import { timestampOf } from '../core/timestamp.ts';
import type { World } from '../facts/world.ts';
import type { Context } from './command.ts';
import { isElsewhere, SHORT_IMDS, withRemedy } from './elsewhere.ts';
import { openWorld, plainWatch } from './world.ts';

interface ThisInstance {
  readonly world: World;
  /** With what the identity document says. */
  readonly facts: Facts;
  readonly instance: { readonly id: string; readonly type: string; readonly region: string; readonly availabilityZone: string };
}

const ELSEWHERE = 'Run it on an EC2 instance: this machine is none.';

const known = (value: string | undefined): string => {
  if (value === undefined) throw new Error('the identity document was read, and a field is not known');
  return value;
};

/** Asks who this instance is, then `use`. On a machine that is certainly none, IMDS is not waited for. @throws NodeError */
export const withThisInstance = async <T>(context: Context, use: (here: ThisInstance) => Promise<T>): Promise<T> => {
  const elsewhere = isElsewhere();
  const { world, close } = openWorld(context, '/', plainWatch(context), elsewhere ? SHORT_IMDS : {});
  const start: Facts = { schemaVersion: 1, now: timestampOf(context.now()), instance: {}, host: {} };
  try {
    const asked = world.resolve('instance.identity', start, context.signal);
    const facts = withFacts(start, await (elsewhere ? asked.catch(withRemedy(ELSEWHERE)) : asked));
    const { id, type, region, availabilityZone } = facts.instance;
    const instance = { id: known(id), type: known(type), region: known(region), availabilityZone: known(availabilityZone) };
    return await use({ world, facts, instance });
  } finally {
    await close();
  }
};

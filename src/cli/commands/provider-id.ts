import { providerId } from '../../core/kubelet/names.ts';
import type { Command } from '../command.ts';
import { parsedOf } from '../options.ts';
import { withThisInstance } from '../this-instance.ts';

export const providerIdCommand: Command = {
  name: 'provider-id',
  summary: 'print this instance’s provider id',
  usage: ['bootwright provider-id', 'provider-id'],
  description: [
    'aws:///ZONE/INSTANCE-ID, by which the cloud controller finds the instance of a node. Asks IMDS only; prints nothing when that fails.',
  ],
  options: [],
  examples: [{ line: 'bootwright provider-id', text: 'aws:///us-west-2a/i-0123456789abcdef0' }],
  async run(args, context) {
    parsedOf(args, { command: 'provider-id', options: [], positionals: 0 });
    const { availabilityZone, id } = await withThisInstance(context, async ({ instance }) => instance);
    context.stdout.write(`${providerId(availabilityZone, id)}\n`);
    return 0;
  },
};

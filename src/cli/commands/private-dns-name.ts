import type { Command } from '../command.ts';
import { parsedOf } from '../options.ts';
import { withThisInstance } from '../this-instance.ts';

export const privateDnsNameCommand: Command = {
  name: 'private-dns-name',
  summary: 'print the name that EC2 gives this instance',
  usage: ['bootwright private-dns-name', 'private-dns-name'],
  description: [
    'The PrivateDnsName of DescribeInstances, which the control plane expects as node name. EC2 may not know it in the first moments: it is asked again for two minutes, or PRIVATE_DNS_NAME_MAX_ATTEMPTS times PRIVATE_DNS_NAME_ATTEMPT_INTERVAL seconds. Needs ec2:DescribeInstances.',
  ],
  options: [],
  examples: [{ line: 'bootwright private-dns-name', text: 'ip-192-168-1-10.us-west-2.compute.internal' }],
  async run(args, context) {
    parsedOf(args, { command: 'private-dns-name', options: [], positionals: 0 });
    const patch = await withThisInstance(context, ({ world, facts }) => {
      return world.resolve('instance.privateDnsName', facts, context.signal);
    });
    context.stdout.write(`${patch.instance?.privateDnsName ?? ''}\n`);
    return 0;
  },
};

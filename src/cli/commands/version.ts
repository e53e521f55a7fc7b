import type { Command } from '../command.ts';
import { parsedOf } from '../options.ts';
import { versionOf } from '../version.ts';

const OPTIONS = [{ name: 'json', text: 'as JSON' }];

export const versionCommand: Command = {
  name: 'version',
  summary: 'print version, commit and the dates of the data tables',
  usage: ['bootwright version [--json]', 'bootwright --version'],
  options: OPTIONS,
  examples: [{ line: 'bootwright version', text: 'name it in a bug report' }],
  async run(args, context) {
    const options = parsedOf(args, { command: 'version', options: OPTIONS, positionals: 0 });
    const version = versionOf();
    const { ecrAccounts, instanceLimits, partitions } = version.data;
    const text = [
      `bootwright ${version.version} (commit ${version.commit}; Node ${process.versions.node})`,
      `data: ECR accounts of ${ecrAccounts}, instance limits of ${instanceLimits}, partitions of ${partitions}`,
    ].join('\n');
    context.stdout.write(options.flag('json') ? `${JSON.stringify({ ...version, node: process.versions.node }, null, 2)}\n` : `${text}\n`);
    return 0;
  },
};

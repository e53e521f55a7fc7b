import type { Facts } from '../../core/facts.ts';
import type { TargetName } from '../../core/spec.ts';
import { timestampOf } from '../../core/timestamp.ts';
import { readKubeletVersionFile } from '../../facts/host.ts';
import { PLACEHOLDER_CA } from '../assume.ts';
import type { Command, Option } from '../command.ts';
import { isElsewhere, SHORT_IMDS } from '../elsewhere.ts';
import { rootNamed } from '../machine.ts';
import { parsedOf, splitAtWord } from '../options.ts';
import { wantedOf } from '../request.ts';
import { minorOf, systemOf } from '../system.ts';
import { openWorld, plainWatch } from '../world.ts';

const OPTIONS: readonly Option[] = [
  { name: 'all', text: 'everything there is, not only what the decision needs; what fails is said and left out' },
  { name: 'root', value: 'DIR', text: 'read files and versions from this image (BOOTWRIGHT_ROOT)' },
];

/** A call without cluster: facts of the machine alone, so the cluster is taken as given and not described. */
const MACHINE_ONLY = ['any', '--apiserver-endpoint', 'https://any.invalid', '--b64-cluster-ca', PLACEHOLDER_CA];

export const factsCommand: Command = {
  name: 'facts',
  summary: 'print as JSON what a decision needs; the file replays on a laptop',
  usage: ['bootwright facts [--all] [--root DIR] [bootstrap CLUSTER [flags of bootstrap.sh] | init [SOURCE ...]]'],
  description: [
    'Asks IMDS, AWS and this machine once and prints the answers (docs/schema/facts.json). Without a cluster the facts of the machine alone are printed. No credentials or tokens are in the output.',
  ],
  options: OPTIONS,
  dialect: 'after-word',
  examples: [
    { line: 'bootwright facts bootstrap my-cluster > facts.json', text: 'what `bootstrap my-cluster` would ask for' },
    { line: 'bootwright preview --facts facts.json bootstrap my-cluster', text: 'the same decision, anywhere' },
    { line: 'bootwright facts --all bootstrap my-cluster', text: 'everything, for a bug report' },
  ],
  async run(args, context) {
    const { own, rest } = splitAtWord(args, OPTIONS);
    const options = parsedOf(own, { command: 'facts', options: OPTIONS, positionals: 0 });
    const named = rest.length > 0;
    const rootOf = (said: string | undefined): string =>
      rootNamed(options.text('root') ?? said ?? (context.env['BOOTWRIGHT_ROOT'] || '/'), '--root', context);
    const targetOf = (said: string | undefined): TargetName => systemOf(rootOf(said));
    const kubeletOf = async (): Promise<string | undefined> => minorOf(readKubeletVersionFile(rootOf(undefined)));
    const asker = { name: 'facts', options: OPTIONS, targetOf, kubeletOf };
    const wanted = await wantedOf(named ? rest : MACHINE_ONLY, asker, named ? context : { ...context, env: {} });
    if (wanted === null) return 0;
    const root = rootOf(wanted.root);
    const { world, close } = openWorld(context, root, plainWatch(context), isElsewhere() ? SHORT_IMDS : {});
    const start: Facts = { schemaVersion: 1, now: timestampOf(context.now()), instance: {}, host: {} };
    const { gather, gatherAll } = await import('../../facts/gather.ts');
    try {
      if (!options.flag('all')) context.stdout.write(text(await gather(wanted.spec, start, world, { signal: context.signal })));
      else {
        const { facts, failures } = await gatherAll(wanted.spec, start, world, { signal: context.signal, asksCluster: named });
        const { nodeErrorLine } = await import('../present/diagnostics.ts');
        const { NodeError } = await import('../../core/errors.ts');
        for (const { fact, error } of failures) {
          if (!(error instanceof NodeError)) throw error;
          context.stderr.write(`warning: ${fact}: ${nodeErrorLine(error)}\n`);
        }
        context.stdout.write(text(facts));
      }
    } finally {
      await close();
    }
    return 0;
  },
};

const text = (facts: Facts): string => `${JSON.stringify(facts, null, 2)}\n`;

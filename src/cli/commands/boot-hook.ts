import { NodeError } from '../../core/errors.ts';
import { decisionsDirectory, linksOf, networkFaultsOf } from '../../core/network-interface.ts';
import { sleep } from '../../facts/wait.ts';
import { namesIn, readObserved } from '../../node/filesystem.ts';
import { complaintOf, runProgram } from '../../node/process.ts';
import type { Command, Context } from '../command.ts';
import { macsOf, rootOf, withHere } from '../network.ts';
import { parsedOf } from '../options.ts';

/** As long as upstream's boot-hook waits; nodeadm-config is ordered after it, and starts in any case. */
const DEADLINE_MS = 60_000;
const PAUSE_MS = 50;
const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Interfaces that must be configured: the primary one, and those that were given to networkd. */
const managedOf = (root: string, context: Context): Promise<ReadonlySet<string>> =>
  withHere(context, async ({ instanceId, primaryMac }) => {
    const directory = decisionsDirectory(instanceId);
    const given = namesIn(root, directory).filter((name) => {
      const decision = readObserved(root, `${directory}/${name}`);
      return decision.kind === 'file' && decision.text.trim() === 'io.systemd.Network';
    });
    const primary = [...macsOf(root)].filter(([, mac]) => mac === primaryMac).map(([name]) => name);
    return new Set([...given, ...primary]);
  });

const faultsNow = async (managed: ReadonlySet<string>, { env, signal }: Context): Promise<readonly string[]> => {
  const timeoutMs = 10_000;
  const args = ['list', '--json=pretty'];
  const outcome = await runProgram('networkctl', args, { searchPath: env['PATH'] || SEARCH_PATH, timeoutMs, signal });
  if (outcome?.code !== 0) {
    const why = outcome === undefined ? 'there is no networkctl on PATH' : `networkctl ended badly: ${complaintOf(outcome, timeoutMs)}`;
    throw new NodeError('OS', why, { remedy: 'Check systemd-networkd: `systemctl status systemd-networkd`.' });
  }
  const links = linksOf(outcome.stdout);
  if (links === undefined)
    throw new NodeError('OS', 'networkctl list --json answers no list of interfaces', { remedy: 'systemd 252 or newer is needed.' });
  return networkFaultsOf(links, managed);
};

export const bootHookCommand: Command = {
  name: 'boot-hook',
  summary: 'wait until systemd-networkd has configured what is its own, and nothing else',
  usage: ['bootwright boot-hook', 'nodeadm-internal boot-hook'],
  description: ['Runs before nodeadm-config, as nodeadm-boot-hook.service. Waits at most a minute.'],
  options: [],
  examples: [{ line: 'bootwright boot-hook', text: 'as the unit does' }],
  async run(args, context) {
    parsedOf(args, { command: 'boot-hook', options: [], positionals: 0 });
    const managed = await managedOf(rootOf(context), context);
    const started = performance.now();
    for (;;) {
      const faults = await faultsNow(managed, context);
      if (faults.length === 0) return 0;
      if (performance.now() - started >= DEADLINE_MS)
        throw new NodeError('UNAVAILABLE', `the network is not ready after ${DEADLINE_MS / 1000} s: ${faults.join('; ')}`, {
          remedy: 'Look at `networkctl` and `journalctl -u systemd-networkd`.',
        });
      await sleep(PAUSE_MS, context.signal);
    }
  },
};

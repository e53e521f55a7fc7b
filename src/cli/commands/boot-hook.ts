import { basename, dirname } from 'node:path';
import { NodeError } from '../../core/errors.ts';
import { decisionsDirectory, type Link, linksOf, networkFaultsOf, stateIn } from '../../core/network-interface.ts';
import { SEARCH_PATH } from '../../core/paths.ts';
import { sleep } from '../../facts/wait.ts';
import { namesIn, readObserved } from '../../node/filesystem.ts';
import { complaintOf, runProgram } from '../../node/process.ts';
import type { Command, Context } from '../command.ts';
import { type Here, interfacesOf, macsOf, rootOf, withHere } from '../network.ts';
import { parsedOf } from '../options.ts';

/** As long as upstream's boot-hook waits; nodeadm-config is ordered after it, and starts in any case. */
const DEADLINE_MS = 60_000;
const PAUSE_MS = 50;
const BUS = '/run/dbus/system_bus_socket';
const LINKS = '/run/systemd/netif/links';

/** Interfaces that must be configured: the primary one, and those that were given to networkd; udev-net-manager does so meanwhile. */
const managedOf = (root: string, { instanceId, primaryMac }: Pick<Here, 'instanceId' | 'primaryMac'>): ReadonlySet<string> => {
  const directory = decisionsDirectory(instanceId);
  const given = namesIn(root, directory).filter((name) => {
    const decision = readObserved(root, `${directory}/${name}`);
    return decision.kind === 'file' && decision.text.trim() === 'io.systemd.Network';
  });
  const primary = [...macsOf(root)].filter(([, mac]) => mac === primaryMac).map(([name]) => name);
  // Before the kernel has it nothing is ready, although nothing is wrong with the rest.
  return new Set([...given, ...(primary.length > 0 ? primary : [`the primary interface (${primaryMac})`])]);
};

/** undefined: networkctl asks by D-Bus, and that is not there yet. */
const fromNetworkctl = async (root: string, { env, signal }: Context): Promise<readonly Link[] | undefined> => {
  const timeoutMs = 10_000;
  const args = ['list', '--json=pretty'];
  const outcome = await runProgram('networkctl', args, { searchPath: env['PATH'] || SEARCH_PATH, timeoutMs, signal });
  if (outcome?.code !== 0) {
    if (outcome !== undefined && !namesIn(root, dirname(BUS)).includes(basename(BUS))) return undefined;
    const why = outcome === undefined ? 'there is no networkctl on PATH' : `networkctl ended badly: ${complaintOf(outcome, timeoutMs)}`;
    throw new NodeError('OS', why, { remedy: 'Check systemd-networkd: `systemctl status systemd-networkd`.' });
  }
  const links = linksOf(outcome.stdout);
  if (links === undefined)
    throw new NodeError('OS', 'networkctl list --json answers no list of interfaces', { remedy: 'systemd 252 or newer is needed.' });
  return links;
};

/**
 * What networkd has left for libraries (sd-network, which systemd-networkd-wait-online goes by). Where cloud-init comes before
 * sysinit.target, D-Bus comes after this program.
 */
const fromState = (root: string): readonly Link[] =>
  [...interfacesOf(root, 'ifindex')].map(([name, index]) => {
    const state = readObserved(root, `${LINKS}/${index}`);
    return { name, state: state.kind === 'file' ? stateIn(state.text) : '' };
  });

export const bootHookCommand: Command = {
  name: 'boot-hook',
  summary: 'wait until systemd-networkd has configured what is its own, and nothing else',
  usage: ['bootwright boot-hook', 'nodeadm-internal boot-hook'],
  description: ['Runs before nodeadm-config, as nodeadm-boot-hook.service. Waits at most a minute.'],
  options: [],
  examples: [{ line: 'bootwright boot-hook', text: 'as the unit does' }],
  async run(args, context) {
    parsedOf(args, { command: 'boot-hook', options: [], positionals: 0 });
    const root = rootOf(context);
    const here = await withHere(context, async ({ instanceId, primaryMac }) => ({ instanceId, primaryMac }));
    const started = performance.now();
    for (;;) {
      const links = (await fromNetworkctl(root, context)) ?? fromState(root);
      const faults = networkFaultsOf(links, managedOf(root, here));
      if (faults.length === 0) return 0;
      if (performance.now() - started >= DEADLINE_MS)
        throw new NodeError('UNAVAILABLE', `the network is not ready after ${DEADLINE_MS / 1000} s: ${faults.join('; ')}`, {
          remedy: 'Look at `networkctl` and `journalctl -u systemd-networkd`.',
        });
      await sleep(PAUSE_MS, context.signal);
    }
  },
};

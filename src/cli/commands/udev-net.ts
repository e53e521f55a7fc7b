import {
  decisionsDirectory,
  EC2_DISABLED,
  type InterfaceManager,
  isInterfaceName,
  networkFilePath,
  networkFileText,
} from '../../core/network-interface.ts';
import { NODEADM_MARKER } from '../../core/paths.ts';
import { errorAt } from '../../core/report.ts';
import { fetchInterface } from '../../facts/instance.ts';
import { makeDirectory, readObserved, removeFile, writeAtomic } from '../../node/filesystem.ts';
import { type Command, type Context, type Option, Refused } from '../command.ts';
import { macsOf, needsRoot, rootOf, withHere } from '../network.ts';
import { type Parsed, parsedOf } from '../options.ts';

const ACTIONS = ['add', 'remove'];
const OPTIONS: readonly Option[] = [
  { name: 'interface', short: 'i', value: 'NAME', text: 'the interface that udev tells of' },
  { name: 'action', short: 'a', value: 'ACTION', choices: ACTIONS, text: 'what became of it: add or remove' },
];

const required = (options: Parsed, name: string, isValid: (text: string) => boolean, wanted: string) => {
  const text = options.text(name);
  if (text === undefined || text === '') return [errorAt('missing-value', `--${name}`, 'is missing', `give ${wanted}`)];
  return isValid(text) ? [] : [errorAt(`invalid-${name}`, `--${name}`, `'${text}' is not ${wanted}`, `give ${wanted}`)];
};

const write = (root: string, path: string, text: string): void => {
  makeDirectory(root, path.slice(0, path.lastIndexOf('/')), 0o755);
  writeAtomic(root, { path, text, mode: 0o644 });
};

/** The decision of this instance's life stands: an interface that networkd has configured is not taken from it by a later event. */
const managerOf = (root: string, path: string): InterfaceManager => {
  const earlier = readObserved(root, path);
  if (earlier.kind === 'file') return earlier.text.trim() === 'cni' ? 'cni' : 'io.systemd.Network';
  const manager = readObserved(root, NODEADM_MARKER).kind === 'file' ? 'cni' : 'io.systemd.Network';
  write(root, path, manager);
  return manager;
};

const add = (root: string, name: string, context: Context): Promise<void> =>
  withHere(context, async ({ imds, instanceId, primaryMac }) => {
    const mac = macsOf(root).get(name);
    if (mac === undefined)
      throw new Refused([errorAt('no-interface', '--interface', `there is no interface ${name}`, '`ip link` shows them')]);
    if (managerOf(root, `${decisionsDirectory(instanceId)}/${name}`) === 'cni') {
      context.stderr.write(`${name} belongs to the CNI\n`);
      return;
    }
    const isPrimary = mac === primaryMac;
    write(root, networkFilePath(name), networkFileText({ ...(await fetchInterface(imds, mac, context.signal)), isPrimary }));
    if (isPrimary) write(root, EC2_DISABLED.path, EC2_DISABLED.text);
    context.stderr.write(`${name} belongs to systemd-networkd: wrote ${networkFilePath(name)}\n`);
  });

export const udevNetManagerCommand: Command = {
  name: 'udev-net-manager',
  summary: 'tell systemd-networkd of an interface, or leave it to the CNI',
  usage: ['bootwright udev-net-manager -i NAME -a add|remove', 'nodeadm-internal udev-net-manager -i NAME -a add|remove'],
  description: [
    'Interfaces that are there before the node starts are configured by systemd-networkd; those that come after it belong to the VPC CNI. What was decided is kept for the life of the instance. udev calls it through udev-net-manager@.service.',
  ],
  options: OPTIONS,
  examples: [{ line: 'bootwright udev-net-manager -i ens5 -a add', text: 'as the unit does' }],
  async run(args, context) {
    const options = parsedOf(args, { command: 'udev-net-manager', options: OPTIONS, positionals: 0 });
    const mistakes = [
      ...required(options, 'interface', isInterfaceName, 'the name of an interface, as in ens5'),
      ...required(options, 'action', (text) => ACTIONS.includes(text), 'add or remove'),
    ];
    if (mistakes.length > 0) throw new Refused(mistakes);
    const name = options.text('interface') ?? '';
    const root = rootOf(context);
    needsRoot(root, context);
    if (options.text('action') === 'remove') removeFile(root, networkFilePath(name));
    else await add(root, name, context);
    return 0;
  },
};

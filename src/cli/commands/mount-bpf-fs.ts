import type { Desired, Observed, Plan } from '../../core/desired.ts';
import type { Facts } from '../../core/facts.ts';
import { type BpfFs, bpfFsOf } from '../../core/kubelet/units.ts';
import { BPF_MOUNT_UNIT } from '../../core/paths.ts';
import { planOf } from '../../core/plan.ts';
import type { Decided } from '../../core/report.ts';
import { bpfFile } from '../../core/targets/amazon-linux-2.ts';
import { timestampOf } from '../../core/timestamp.ts';
import { readInput } from '../../facts/files.ts';
import { readBpfMounts } from '../../facts/host.ts';
import { nameOf, withLock } from '../../node/lock.ts';
import { observe } from '../../node/observe.ts';
import { type Progress, performAll } from '../../node/perform.ts';
import { missingRights } from '../../node/rights.ts';
import type { Command, Context, Option } from '../command.ts';
import { demanded } from '../dialect.ts';
import { type Machine, machineAt, rootNamed } from '../machine.ts';
import { parsedOf } from '../options.ts';
import { doneLine } from '../present/bootstrap-log.ts';

const LOCK_WAIT_MS = 300_000;
const UNIT = 'sys-fs-bpf.mount';

const OPTIONS: readonly Option[] = [{ name: 'root', value: 'DIR', text: 'an image instead of this machine (BOOTWRIGHT_ROOT)' }];

/** The same decision as that of `bootstrap`, of what is there now. */
const decidedAt = ({ root }: Machine, now: string): Decided<BpfFs> => {
  const host = { bpfMounts: readBpfMounts(root), files: { [BPF_MOUNT_UNIT]: readInput(root, BPF_MOUNT_UNIT, false) } };
  const facts: Facts = { schemaVersion: 1, now, instance: {}, host };
  return bpfFsOf({ options: { mountBpfFs: { value: true, origin: 'default', at: 'mount-bpf-fs' } } }, facts);
};

/** The file and its unit alone. What `bootstrap` has written is none of this program's business, so its manifest does not count. */
const planAt = async (bpffs: Decided<BpfFs>, { root, live, systemd }: Machine): Promise<Plan> => {
  const file = bpfFile({ bpffs });
  const desired: Desired = {
    target: 'amazon-linux-2',
    directories: [],
    files: file === undefined ? [] : [file],
    units: bpffs.value === 'unit' ? [{ name: UNIT, inputs: [], because: [bpffs.because] }] : [],
    decisions: [bpffs],
    warnings: [],
  };
  const observed: Observed = {
    ...(await observe(
      desired.files.map(({ path }) => path),
      desired.units.map(({ name }) => name),
      { root, live, systemd },
    )),
    manifest: null,
    interruptedRestarts: [],
  };
  return demanded(planOf(desired, observed));
};

const mount = async (machine: Machine, context: Context): Promise<void> => {
  const bpffs = decidedAt(machine, timestampOf(context.now()));
  context.stderr.write(`${bpffs.because.text}\n`);
  const plan = await planAt(bpffs, machine);
  const progress: Progress = { results: [], warnings: [] };
  const { root, live, systemd, searchPath } = machine;
  const onAction = (action: Progress['results'][number]): void => {
    if (action.status === 'done') context.stderr.write(`${doneLine(action)}\n`);
  };
  await performAll(plan, { root, live, systemd, searchPath, signal: context.signal, onAction }, [], progress);
  for (const warning of progress.warnings) context.stderr.write(`warning: ${warning}\n`);
};

export const mountBpfFsCommand: Command = {
  name: 'mount-bpf-fs',
  summary: 'mount a bpffs at /sys/fs/bpf unless there is one',
  usage: ['bootwright mount-bpf-fs [--root DIR]', 'mount-bpf-fs'],
  description: [
    `Writes, enables and starts ${UNIT}, as \`bootstrap\` does by itself. Where a bpffs is mounted already, or somebody else’s unit of that name is there, nothing happens.`,
  ],
  options: OPTIONS,
  examples: [{ line: 'sudo bootwright mount-bpf-fs', text: 'on kubelets that run without `bootstrap`' }],
  async run(args, context) {
    const options = parsedOf(args, { command: 'mount-bpf-fs', options: OPTIONS, positionals: 0 });
    const machine = machineAt(rootNamed(options.text('root') ?? (context.env['BOOTWRIGHT_ROOT'] || '/'), '--root', context), context);
    const now = timestampOf(context.now());
    const there = decidedAt(machine, now);
    // Nothing to do needs no rights: scripts call it without looking.
    if (there.value === 'left' || there.value === 'kept') {
      context.stderr.write(`${there.because.text}\n`);
      return 0;
    }
    const { root, live } = machine;
    const missing = missingRights({ root, live, uid: context.uid });
    if (missing !== undefined) throw missing;
    const onWait: NonNullable<Parameters<typeof withLock>[1]['onWait']> = (holder) =>
      void context.stderr.write(`waiting for another run: ${nameOf(holder)}\n`);
    const lock = { command: context.calledAs, waitMs: LOCK_WAIT_MS, random: context.random, signal: context.signal, onWait };
    await withLock(root, lock, () => mount(machine, context));
    return 0;
  },
};

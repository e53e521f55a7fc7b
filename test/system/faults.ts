/**
 * A disk that is full, or death, at one system call of a whole bootstrap: no file is half-written, and one more run comes to the bytes
 * of an undisturbed one. Every so many calls here, so that `npm test` stays short; BOOTWRIGHT_SWEEP=all
 * tries every one (`BOOTWRIGHT_SWEEP=all tap --timeout=3600 --disable-coverage test/system/faults.ts`).
 */
import { join } from 'node:path';
import t from 'tap';
import { startFakes } from '../fakes/main.ts';
import { executable } from '../rig/executable.ts';
import { type Fault, type FaultPoint, faultPoints, type Victim, withFault } from '../rig/faults.ts';
import { needs } from '../rig/parts.ts';
import { makeScratchRoot, type Tree, treeIn } from '../rig/scratch-root.ts';
import { complaintOf, run } from '../rig/shell.ts';

const SAMPLE = 16;

/** bootwright's own records count generations and hold times. */
const isRecord = (path: string): boolean => path.startsWith('/var/lib/bootwright/') || path.startsWith('/run/bootwright/');
const withoutRecords = (tree: Tree): Tree => Object.fromEntries(Object.entries(tree).filter(([path]) => !isRecord(path)));

/** Evenly over all kinds of call: sorted by name, then every so many. */
const sampleOf = (points: readonly FaultPoint[], size: number): readonly FaultPoint[] => {
  if (process.env['BOOTWRIGHT_SWEEP'] === 'all' || points.length <= size) return points;
  const sorted = [...points].sort((a, b) => a.call.localeCompare(b.call) || a.n - b.n);
  return Array.from({ length: size }, (_, i) => sorted[Math.floor((i * sorted.length) / size)]).filter((point) => point !== undefined);
};

t.test('one broken system call', { timeout: 3_600_000 }, async (t) => {
  if (!needs(t, 'linux', 'x64', 'strace', 'systemctl')) return;
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const root = join(t.testdir(), 'root');
  const env = { PATH: process.env['PATH'], HOME: '/', ...fakes.env };
  const victim: Victim = {
    command: [await executable(), 'bootstrap', 'my-cluster', '--root', root, '--kubelet-extra-args', '--v=4'],
    options: { env },
    within: root,
  };
  const [program, ...args] = victim.command;
  const bootstrap = () => run(program, args, { env });

  makeScratchRoot(root);
  const untouched = treeIn(root);
  const undisturbed = await bootstrap();
  t.equal(complaintOf(undisturbed), '', 'an undisturbed run');
  const wanted = withoutRecords(treeIn(root));
  t.equal((await bootstrap()).code, 0);
  t.strictSame(withoutRecords(treeIn(root)), wanted, 'a second run changes nothing');

  makeScratchRoot(root);
  const all = await faultPoints(victim);
  const points = sampleOf(all, SAMPLE);

  /** Breaks a call and looks at what is left. Undefined when the fault did not come about at a file of the root. */
  const tryFault = async (point: FaultPoint, fault: Fault): Promise<readonly string[] | undefined> => {
    makeScratchRoot(root);
    const { path } = await withFault(victim, point, fault);
    if (path === undefined) return undefined;
    const left = withoutRecords(treeIn(root));
    const broken = Object.keys({ ...wanted, ...untouched }).filter((file) => ![wanted[file], untouched[file]].includes(left[file]));
    const again = await bootstrap();
    const after = withoutRecords(treeIn(root));
    const differs = Object.keys({ ...after, ...wanted }).filter((file) => after[file] !== wanted[file]);
    const where = `${fault} at ${point.call} #${point.n}, ${path.slice(root.length)}`;
    return [
      ...broken.map((file) => `${where}: ${file} is half-written`),
      ...(again.code === 0 ? [] : [`${where}: the next run fails: ${again.stderr}`]),
      ...differs.map((file) => `${where}: the next run leaves ${file} different`),
    ];
  };

  for (const fault of ['error=ENOSPC', 'signal=KILL'] as const) {
    const bad: string[] = [];
    let hits = 0;
    for (const point of points) {
      // Where a program opens files in several threads, the n-th is not always the same one.
      let found = await tryFault(point, fault);
      for (let i = 0; i < 3 && found === undefined; i++) found = await tryFault(point, fault);
      if (found !== undefined) hits++;
      bad.push(...(found ?? []));
    }
    t.strictSame(bad, [], `${fault}: ${hits} faults at ${points.length} of ${all.length} calls, ${bad.length} bad states`);
    t.ok(hits >= points.length * 0.8, 'most faults came about');
  }
});

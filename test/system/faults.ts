/** The fault proof over a sample of its faults, so that `npm test` stays short; `npm run faults` tries all. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startFakes } from '../fakes/main.ts';
import { executable } from '../rig/executable.ts';
import { INIT, makeStage } from '../rig/fault-proof.ts';
import type { Fault, FaultPoint } from '../rig/faults.ts';
import { needs } from '../rig/parts.ts';

t.setTimeout(600_000);

/** Evenly over all kinds of call: sorted by name, then every so many. */
const sampleOf = (points: readonly FaultPoint[], size: number): readonly FaultPoint[] => {
  const sorted = [...points].sort((a, b) => a.call.localeCompare(b.call) || a.n - b.n);
  return Array.from({ length: size }, (_, i) => sorted[Math.floor((i * sorted.length) / size)]).filter((point) => point !== undefined);
};

t.test('a whole bootstrap with one system call broken', async (t) => {
  if (!needs(t, 'linux', 'x64', 'strace', 'systemctl')) return;
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const stage = await makeStage(join(t.testdir(), 'root'), await executable(), fakes.env);
  const { changing, reading } = await stage.points();

  const breaks = async (points: readonly FaultPoint[], fault: Fault): Promise<void> => {
    const found = [];
    for (const point of points) found.push(await stage.breakAt(point, fault));
    const came = found.filter((findings) => findings !== undefined);
    t.strictSame(came.flat(), [], `${fault}: ${came.length} faults`);
    t.ok(came.length >= points.length * 0.8, 'most faults came about');
  };
  const some = sampleOf(changing, 12);
  await breaks(some, 'signal=KILL');
  await breaks(some, 'error=ENOSPC');
  await breaks(sampleOf(changing, 3), 'error=EROFS');
  await breaks(sampleOf(reading, 6), 'error=EIO');

  const kills = [];
  for (const part of [0.6, 0.75, 0.9]) kills.push(await stage.killAfter(part * stage.durationMs));
  t.strictSame(
    kills.flatMap(({ findings }) => findings),
    [],
    'kills at other moments',
  );
});

t.test('init, dead at each of its writes', async (t) => {
  if (!needs(t, 'linux', 'x64', 'strace', 'systemctl')) return;
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const stage = await makeStage(join(t.testdir(), 'root'), await executable(), fakes.env, INIT);
  const { changing } = await stage.points();
  // A file is there, or gone: the boundaries between two actions.
  const boundaries = changing.filter(({ call }) => /^(?:rename|unlink)/.test(call));
  t.ok(boundaries.length > 12, `${boundaries.length} boundaries: ${boundaries.map(({ path }) => path).join(' ')}`);
  const found = [];
  for (const point of boundaries) found.push(await stage.breakAt(point, 'signal=KILL'));
  const came = found.filter((findings) => findings !== undefined);
  t.strictSame(came.flat(), []);
  t.ok(came.length >= boundaries.length * 0.8, `${came.length} came about`);
});

/** As bootstrap.sh writes: in place, and never again what is there. */
const CARELESS = `#!/bin/sh
file="$4/etc/eks/made"
[ -e "$file" ] || { echo one; echo two; } >"$file"
`;

t.test('a careless program does not pass', async (t) => {
  if (!needs(t, 'linux', 'strace')) return;
  const dir = t.testdir({});
  const program = join(dir, 'careless');
  writeFileSync(program, CARELESS, { mode: 0o755 });
  const stage = await makeStage(join(dir, 'root'), program, {});
  const { changing } = await stage.points();
  t.strictSame(
    changing.map(({ call, path }) => `${call} ${path}`),
    ['openat', 'write', 'write'].map((call) => `${call} /etc/eks/made`),
  );
  const [opens, , writes] = changing as [FaultPoint, FaultPoint, FaultPoint];
  t.strictSame(await stage.breakAt(opens, 'signal=KILL'), [], 'dead before the first change');
  for (const fault of ['signal=KILL', 'error=ENOSPC'] as const) {
    const findings = (await stage.breakAt(writes, fault)) ?? [];
    t.strictSame(
      findings.map(({ kind, what }) => `${kind}: ${what}`),
      ['half-written: /etc/eks/made', 'did not converge: /etc/eks/made'],
      fault,
    );
  }
});

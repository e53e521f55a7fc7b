/** CPUs and memory as sysfs shows them, in directories of the test's own, as CPU_DIR and NODE_DIR allow. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readCpuCores, readOnlineCpus, readOnlineMemory } from '../../src/facts/sysfs.ts';

const topology = (siblings: string) => ({ topology: { thread_siblings_list: `${siblings}\n` } });

type Fixture = NonNullable<Parameters<Test['testdir']>[0]> & object;
const sysfs = (t: Test, cpu: Fixture, node: Fixture) => {
  const dir = t.testdir({ cpu, node });
  return { CPU_DIR: join(dir, 'cpu'), NODE_DIR: join(dir, 'node') };
};

t.test('CPUs that are online, by node', async (t) => {
  const cpus = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`cpu${i}`, {}]));
  const nodes = {
    node0: { cpu0: {}, cpu1: {}, cpu2: {}, cpu3: {}, cpumap: '', cpulist: '0-3' },
    node1: { cpu4: {}, cpu5: {}, cpu6: {}, cpu7: {} },
    possible: '0-1',
  };
  t.equal(readOnlineCpus(sysfs(t, { ...cpus, online: '0-7\n', cpufreq: {}, cpuidle: {} }, nodes)), 8);
  t.equal(readOnlineCpus(sysfs(t, { ...cpus, online: '0-2,5\n' }, nodes)), 4, 'some are switched off');
  t.equal(readOnlineCpus(sysfs(t, cpus, nodes)), 8, 'a kernel that switches none off has no list');
  t.equal(readOnlineCpus(sysfs(t, { ...cpus, online: '0-7' }, {})), 8, 'without nodes');
  t.equal(readOnlineCpus(sysfs(t, { cpu0: {}, online: '0' }, { node0: { cpu0: {} } })), 1);
  t.equal(readOnlineCpus({ CPU_DIR: '/proc/nonexistent', NODE_DIR: '/proc/nonexistent' }), null);
  t.ok((readOnlineCpus({}) ?? 1) >= 1, 'of this machine');
});

t.test('CPUs by core', async (t) => {
  const hyper = { cpu0: topology('0,2'), cpu1: topology('1,3'), cpu2: topology('0,2'), cpu3: topology('1,3'), online: '0-3' };
  t.strictSame(readCpuCores(sysfs(t, hyper, {})), [
    [0, 2],
    [1, 3],
  ]);
  t.strictSame(readCpuCores(sysfs(t, { ...hyper, online: '0-2' }, {})), [[0, 2], [1]], 'a sibling that is switched off');
  const many = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`cpu${i}`, topology(String(i))]));
  t.strictSame(
    readCpuCores(sysfs(t, many, {}))?.map(([cpu]) => cpu),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    'in order of numbers',
  );
  t.equal(readCpuCores(sysfs(t, { cpu0: {} }, {})), null, 'no topology');
  t.strictSame(readCpuCores(sysfs(t, { cpu0: topology('0-99999999') }, {})), [[0]], 'nonsense');
});

t.test('memory that is online', async (t) => {
  const dir = t.testdir({
    block_size_bytes: '8000000\n',
    memory0: { online: '1\n' },
    memory1: { online: '1\n' },
    memory32: { online: '0\n' },
    power: { online: '1' },
  });
  t.equal(readOnlineMemory(dir), 2 * 0x8000000);
  t.equal(readOnlineMemory(t.testdir({ x: { memory0: { online: '1' } } })), null);
  t.equal(readOnlineMemory('/proc/nonexistent'), null);
});

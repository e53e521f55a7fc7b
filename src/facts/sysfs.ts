/** What sysfs says of CPUs and memory, counted as nodeadm counts it. CPU_DIR and NODE_DIR say where else it is, for tests and tuning. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Env } from './wait.ts';

const CPU_DIR = '/sys/devices/system/cpu';
const NODE_DIR = '/sys/devices/system/node';
const MEMORY_DIR = '/sys/devices/system/memory';

const namesIn = (dir: string, form: RegExp): readonly string[] => {
  try {
    return readdirSync(dir).filter((name) => form.test(name));
  } catch {
    return []; // no sysfs, or a kernel without it
  }
};

const textAt = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
};

/** Is the CPU in a list like `0-3,8`? Without a list all are. */
const isListed = (cpu: number, list: string | undefined): boolean =>
  list === undefined ||
  list.split(',').some((range) => {
    const [first = '', last = first] = range.split('-');
    return /^\d+$/.test(first) && /^\d+$/.test(last) && cpu >= Number(first) && cpu <= Number(last);
  });

/** Logical CPUs that are online, by NUMA node where the kernel knows nodes; null: none can be counted. */
export const readOnlineCpus = (env: Env): number | null => {
  const cpus = env.CPU_DIR || CPU_DIR;
  const nodes = env.NODE_DIR || NODE_DIR;
  const online = textAt(`${cpus}/online`);
  const found = namesIn(nodes, /^node\d+$/).flatMap((node) => namesIn(`${nodes}/${node}`, /^cpu\d+$/));
  const counted = (found.length > 0 ? found : namesIn(cpus, /^cpu\d+$/)).filter((name) => isListed(Number(name.slice(3)), online));
  return counted.length > 0 ? counted.length : null;
};

/** Numbers in a list like `0-3,8`. */
const numbersIn = (list: string): readonly number[] =>
  list.split(',').flatMap((range) => {
    const [first = '', last = first] = range.split('-');
    const start = Number(first);
    const length = Number(last) - start + 1;
    return /^\d+$/.test(first) && /^\d+$/.test(last) && length > 0 && length < MOST_CPUS ? Array.from({ length }, (_, i) => start + i) : [];
  });
const MOST_CPUS = 8192;

/** Online CPUs by core, in order of the first of each; null: the kernel does not say. */
export const readCpuCores = (env: Env): number[][] | null => {
  const cpus = env.CPU_DIR || CPU_DIR;
  const online = textAt(`${cpus}/online`);
  const left = new Set(
    namesIn(cpus, /^cpu\d+$/)
      .map((name) => Number(name.slice(3)))
      .filter((cpu) => isListed(cpu, online))
      .sort((a, b) => a - b),
  );
  const cores: number[][] = [];
  for (const cpu of left) {
    const siblings = textAt(`${cpus}/cpu${cpu}/topology/thread_siblings_list`);
    if (siblings === undefined) return null;
    const core = [cpu, ...numbersIn(siblings).filter((other) => other !== cpu && left.has(other))].sort((a, b) => a - b);
    for (const one of core) left.delete(one);
    cores.push(core);
  }
  return cores.length > 0 ? cores : null;
};

/** Bytes of memory that is online; null: the kernel does not say. */
export const readOnlineMemory = (dir = MEMORY_DIR): number | null => {
  const size = Number.parseInt(textAt(`${dir}/block_size_bytes`) ?? '', 16);
  const blocks = namesIn(dir, /^memory\d+$/).filter((block) => textAt(`${dir}/${block}/online`) === '1');
  return Number.isSafeInteger(size) && blocks.length > 0 ? size * blocks.length : null;
};

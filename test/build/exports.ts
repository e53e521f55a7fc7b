/** Node's symbols that are left out of the executable are nobody's: every library finds what it finds in Node as published. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { leaveOutExports } from '../../build/exports.mjs';
import { emulatedArm64, executable } from '../rig/executable.ts';
import { needs } from '../rig/parts.ts';
import { run } from '../rig/shell.ts';

t.setTimeout(600_000);

/** What the dynamic linker says of each symbol that one file looks for: in which file it found it, and which version. */
const bindingsOf = (report: string): readonly string[] => {
  const lines = [...report.matchAll(/binding file (.+?)(?: \[\d+\])? to (.+?)(?: \[\d+\])?: (.*)/g)];
  const known = (file = ''): string => (/\/lib[^/]*\.so|\/ld-linux/.test(file) ? file : 'the program');
  return [...new Set(lines.map(([, from, to, symbol]) => `${known(from)} finds in ${known(to)} the ${symbol}`))].sort();
};
const ALL = { LD_DEBUG: 'bindings', LD_BIND_NOW: '1' };

t.test('every symbol is found where it was', async (t) => {
  if (!needs(t, 'linux', 'x64')) return;
  const [published, ours] = await Promise.all(
    [process.execPath, await executable()].map(async (program) => {
      const { stdout, stderr } = await run(program, ['--version'], { env: ALL });
      return bindingsOf(stdout + stderr);
    }),
  );
  t.ok(ours?.some((line) => /libstdc.* finds in the program/.test(line)));
  t.strictSame(ours, published);
});

t.test('for arm64 nothing is missing', async (t) => {
  if (!needs(t, 'linux', 'x64', 'qemu-aarch64', 'arm64-libraries')) return;
  const [emulator, ...words] = await emulatedArm64();
  const settings = Object.entries(ALL).flatMap(([name, value]) => ['-E', `${name}=${value}`]);
  const { stdout, stderr } = await run(emulator, [...settings, ...words, '--version']);
  const bindings = bindingsOf(stdout + stderr);
  t.match(stdout + stderr, /^bootwright \d/m);
  for (const object of ['_ZSt4cout', 'stderr', '__environ'])
    t.ok(
      bindings.some((line) => /^\S*lib.* finds in the program/.test(line) && line.includes(object)),
      object,
    );
});

t.test('what is left is what libraries share', async (t) => {
  if (!needs(t, 'linux')) return;
  const bytes = readFileSync(process.execPath);
  const TABLES = 4 * 2 ** 20; // they stand first
  const has = (name: string): boolean => bytes.subarray(0, TABLES).includes(`\0${name}\0`);
  const gone = ['SSL_CTX_new', 'EVP_DigestInit_ex', 'uv_run', 'napi_create_function', '_ZN2v87Isolate3NewERKNS0_12CreateParamsE'];
  const kept = ['_ZSt4cout', '_ZNSt5ctypeIcE2idE', '_ZTVN10__cxxabiv117__class_type_infoE', 'stdout', '__environ', 'libstdc++.so.6'];
  t.strictSame(
    [...gone, ...kept].filter((name) => !has(name)),
    [],
  );
  leaveOutExports(bytes);
  t.strictSame(gone.filter(has), []);
  t.strictSame(
    kept.filter((name) => !has(name)),
    [],
  );
});

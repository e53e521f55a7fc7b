/**
 * node build/kubelet-flags.ts [GOMODCACHE]: reads the kubelet's command-line flags out of the Go sources of Kubernetes and writes
 * src/core/data/kubelet-flags.ts. Run by hand when a Kubernetes version is added; the sources come with
 *   for v in 1.21.14 …; do go mod download k8s.io/kubernetes@v$v k8s.io/component-base@v0.${v#1.}; done
 */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';

/** One version of each minor that is served. */
const VERSIONS =
  '1.21.14 1.22.17 1.23.17 1.24.17 1.25.16 1.26.15 1.27.16 1.28.15 1.29.6 1.30.14 1.31.14 1.32.13 1.33.13 1.34.4 1.35.4 1.36.3'.split(' ');
const TABLE = 'src/core/data/kubelet-flags.ts';

/** Flags whose names do not stand as literals in the sources: klog's own (some until 1.25), and what verflag and cobra add. */
const KLOG = [
  ...['add-dir-header!', 'alsologtostderr!', 'log-backtrace-at', 'log-dir', 'log-file', 'log-file-max-size', 'logtostderr!', 'one-output!'],
  ...['skip-headers!', 'skip-log-headers!', 'stderrthreshold'],
];
const OTHERS = ['help!', 'version!', 'log-flush-frequency', 'logging-format', 'v', 'vmodule'];
/** Registered by name from cAdvisor, where these are boolean. */
const BOOLEAN_GLOBALS = new Set(['docker-tls', 'docker_only', 'enable_load_reader', 'log_cadvisor_usage', 'storage_driver_secure']);

/** Flags of one version; a boolean one ends in `!`, as it takes no next word as its value. */
const flagsOf = (cache: string, version: string): ReadonlySet<string> => {
  const kubernetes = resolve(cache, `k8s.io/kubernetes@v${version}`);
  const base = resolve(cache, `k8s.io/component-base@v0.${version.slice(2)}`);
  const options = ['options', 'container_runtime', 'globalflags', 'globalflags_linux', 'globalflags_providers', 'osflags_others'];
  const files = globSync([
    ...options.map((name) => `${kubernetes}/cmd/kubelet/app/options/${name}.go`),
    `${kubernetes}/pkg/kubelet/config/flags.go`,
    `${base}/logs/config.go`,
    `${base}/logs/options.go`,
    `${base}/logs/api/v1/options.go`,
  ]);
  const source = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  const flags = new Set([...OTHERS, ...(Number(version.split('.')[1]) < 26 ? KLOG : [])]);
  for (const [, kind, name] of source.matchAll(/\bfs\.(\w*?)VarP?\(.*?"([a-z0-9-]+)"/g)) flags.add(`${name}${kind === 'Bool' ? '!' : ''}`);
  for (const [, name] of source.matchAll(/egister(?:Deprecated)?\(global, local, "([a-z_-]+)"/g)) {
    flags.add(`${name}`.replaceAll('_', '-') + (BOOLEAN_GLOBALS.has(`${name}`) ? '!' : ''));
  }
  return flags;
};

const rangesOf = (cache: string): ReadonlyMap<string, readonly string[]> => {
  const seen = new Map<string, string[]>();
  for (const version of VERSIONS)
    for (const flag of flagsOf(cache, version)) seen.set(flag, [...(seen.get(flag) ?? []), version.replace(/\.\d+$/, '')]);
  const ranges = new Map<string, string[]>();
  for (const [flag, minors] of [...seen].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const range = `${minors[0]}-${minors.at(-1)}`;
    ranges.set(range, [...(ranges.get(range) ?? []), flag]);
  }
  return new Map([...ranges].sort(([a], [b]) => (a < b ? -1 : 1)));
};

const main = (cache: string): void => {
  const root = resolve(import.meta.dirname, '..');
  const source = `\
/** Made by build/kubelet-flags.ts from the sources of Kubernetes ${VERSIONS[0]} to ${VERSIONS.at(-1)}: do not edit. */

/** The kubelet's command-line flags by the first and the last version that has them. A boolean flag ends in \`!\`. */
export const KUBELET_FLAGS: { readonly [range: string]: string } = {
${[...rangesOf(cache)].map(([range, flags]) => `  '${range}': '${flags.join(' ')}',`).join('\n')}
};
`;
  const biome = resolve(root, 'node_modules/.bin/biome');
  writeFileSync(
    resolve(root, TABLE),
    execFileSync(biome, ['format', `--stdin-file-path=${TABLE}`], { cwd: root, input: source, encoding: 'utf8' }),
  );
};

if (import.meta.main) main(process.argv[2] ?? resolve(homedir(), 'go/pkg/mod'));

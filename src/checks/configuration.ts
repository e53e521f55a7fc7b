/** Files of kubelet and containerd that must fit: to their readers, and to each other. */
import { isTable, parsedToml, type TomlTable, tomlValueAt } from '../core/formats/toml.ts';
import { CNI_CONFIG_DIR, CONTAINERD_CONFIG } from '../core/paths.ts';
import { type Check, fail, pass, skip, warn } from './check.ts';
import type { Probes } from './probes.ts';

const CRI_PLUGINS: readonly string[] = ['cri', 'io.containerd.grpc.v1.cri', 'io.containerd.cri.v1.runtime', 'io.containerd.cri.v1.images'];

const tableOf = ({ text }: Probes): TomlTable | string | undefined => {
  const found = text(CONTAINERD_CONFIG);
  if (found === null) return undefined;
  const { value, diagnostics } = parsedToml(found, CONTAINERD_CONFIG);
  const [first] = diagnostics;
  return value ?? `${CONTAINERD_CONFIG}${first?.line === undefined ? '' : `:${first.line}`}: ${first?.message}`;
};

const containerdConfig: Check = {
  id: 'containerd-config',
  title: 'containerd’s configuration can be read, with its CRI plugin on',
  reach: 'files',
  after: [],
  deadlineMs: 5_000,
  link: 'https://github.com/containerd/containerd/blob/main/docs/cri/config.md',
  run: async (probes) => {
    const table = tableOf(probes);
    if (table === undefined) return skip(`there is no ${CONTAINERD_CONFIG}: containerd goes by its defaults`);
    if (typeof table === 'string')
      return fail(
        table,
        `Correct it, then \`systemctl restart containerd\`; \`containerd --config ${CONTAINERD_CONFIG} config dump\` reads it.`,
      );
    const disabled = table['disabled_plugins'];
    const off = Array.isArray(disabled) ? disabled.map(String).filter((plugin) => CRI_PLUGINS.includes(plugin)) : [];
    // The package of Docker brings such a file.
    if (off.length > 0)
      return fail(
        `disabled_plugins in ${CONTAINERD_CONFIG} holds ${off.join(', ')}`,
        'Take it out and restart containerd: without it there is nothing for the kubelet to talk to.',
      );
    return pass(`${CONTAINERD_CONFIG}, version ${table['version'] ?? 1}`);
  },
};

const RUNTIMES = [
  ['plugins', 'io.containerd.grpc.v1.cri', 'containerd'],
  ['plugins', 'io.containerd.cri.v1.runtime', 'containerd'],
] as const;

/** Of the runtime that pods get; undefined: the file does not say. */
const systemdCgroupIn = (table: TomlTable): boolean | undefined => {
  for (const path of RUNTIMES) {
    const criContainerd = tomlValueAt(table, path);
    if (!isTable(criContainerd)) continue;
    const name = criContainerd['default_runtime_name'] ?? 'runc';
    const value = tomlValueAt(criContainerd, ['runtimes', String(name), 'options', 'SystemdCgroup']);
    if (typeof value === 'boolean') return value;
  }
  return undefined;
};

const cgroupDriver: Check = {
  id: 'cgroup-driver',
  title: 'kubelet and containerd make cgroups in the same way',
  reach: 'files',
  after: ['containerd-config'],
  deadlineMs: 5_000,
  link: 'https://kubernetes.io/docs/setup/production-environment/container-runtimes/#cgroup-drivers',
  run: async (probes) => {
    const table = tableOf(probes);
    const { cgroupDriver: driver } = await probes.kubeletFields();
    const isSystemd = typeof table === 'object' ? systemdCgroupIn(table) : undefined;
    if (isSystemd === undefined || typeof driver !== 'string') return skip('the files do not say');
    const theirs = isSystemd ? 'systemd' : 'cgroupfs';
    if (driver === theirs) return pass(driver);
    return fail(
      `the kubelet’s cgroupDriver is ${driver}, containerd’s SystemdCgroup is ${isSystemd}`,
      'Use systemd in both: cgroupDriver: systemd for the kubelet, SystemdCgroup = true for the runtime in containerd.',
    );
  },
};

/** State file, its key, the configuration's key, and the policy that the kubelet has by default. */
const STATES = [
  ['/var/lib/kubelet/cpu_manager_state', 'cpuManagerPolicy', 'none'],
  ['/var/lib/kubelet/memory_manager_state', 'memoryManagerPolicy', 'None'],
] as const;

const policyIn = (text: string): string | undefined => /"policyName"\s*:\s*"([^"]*)"/.exec(text)?.[1];

const staticState: Check = {
  id: 'static-state',
  title: 'CPU and memory manager left no state of another policy',
  reach: 'files',
  after: [],
  deadlineMs: 5_000,
  link: 'https://kubernetes.io/docs/tasks/administer-cluster/cpu-management-policies/#changing-the-cpu-manager-policy',
  run: async ({ text, kubeletFields }) => {
    const fields = await kubeletFields();
    for (const [path, key, byDefault] of STATES) {
      const saved = policyIn(text(path) ?? '');
      const wanted = fields[key] ?? byDefault;
      if (saved !== undefined && saved !== wanted)
        return fail(
          `${path} is of the policy ${saved}, ${key} is ${wanted}`,
          `Drain the node, remove ${path}, restart the kubelet: it does not start with the file. In an image, remove it before the snapshot.`,
        );
    }
    return pass('none');
  },
};

const YOUNG_MS = 5 * 60_000;

const cniReady: Check = {
  id: 'cni-ready',
  title: 'the network plugin has written its configuration',
  reach: 'network',
  after: ['node-registered'],
  deadlineMs: 35_000,
  link: 'https://docs.aws.amazon.com/eks/latest/userguide/managing-vpc-cni.html',
  run: async ({ names, cluster, now }) => {
    const found = names(CNI_CONFIG_DIR).filter((name) => /\.(?:conflist|conf|json)$/.test(name));
    if (found.length > 0) return pass(`${CNI_CONFIG_DIR}/${found[0]}`);
    const { node } = await cluster();
    const createdAt = node?.ok ? Date.parse(node.value?.createdAt ?? '') : Number.NaN;
    const text = `there is nothing in ${CNI_CONFIG_DIR}`;
    if (!(now() - createdAt > YOUNG_MS))
      return warn(`${text} yet`, 'The aws-node pod writes it within a minute or two of the registration; look again.');
    return fail(
      text,
      'The aws-node pod writes it: see `kubectl -n kube-system get pods -o wide` for this node and its log; it needs kube-proxy (to reach the API server’s service address) and the policy AmazonEKS_CNI_Policy.',
    );
  },
};

export const CONFIGURATION_CHECKS: readonly Check[] = [containerdConfig, cgroupDriver, staticState];
export const NETWORK_PLUGIN_CHECKS: readonly Check[] = [cniReady];

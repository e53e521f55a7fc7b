/**
 * What the executable's code caches know: the functions that V8 compiled while these command lines ran. Each group is one process;
 * a script keeps the cache of the first group that loads it, so the boot path comes first and alone: a cache is deserialized whole,
 * and what only a laptop calls must not burden a boot. Success paths only; a boot that fails has other worries than 20 ms.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const projectRoot = dirname(import.meta.dirname);

const KUBELET = '1.32.3';
const CONTAINERD = '1.7.27';
/** All that the workloads find on PATH, so that it does not matter what the machine that builds has installed. */
const PROGRAMS = 'programs';
/** Files with it in the image, and what more the kubelet's part says there. */
const USER_DATA = { 'user-data.txt': '', 'with-cel.txt': "maxPodsExpression: 'max_pods < 30 ? max_pods : min(30, default_enis * 2)'" };
/** A NodeConfig as EKS sends it, with a field of each kind. */
const userData = ({ endpoint, certificateAuthority }, kubelet) => `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="//"

--//
Content-Type: application/node.eks.aws

apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster: {name: my-cluster, apiServerEndpoint: '${endpoint}', certificateAuthority: ${certificateAuthority}, cidr: 10.100.0.0/16}
  kubelet:
    ${kubelet}
    config: {clusterDNS: [10.100.0.10], kubeReserved: {cpu: 70m}, featureGates: {KubeletPSI: true}, shutdownGracePeriod: 30s}
    flags: ['--node-labels=a=b,c=d']
  containerd: {config: "version = 3\\n[a]\\nb = 1"}
  instance:
    environment: {default: {HTTPS_PROXY: 'http://proxy:3128'}}
    localStorage: {strategy: RAID0}
  featureGates: {FastImagePull: true}
--//--
`;

const OWN = 'bootwright';
const DROP_IN = 'bootstrap.sh';
const NODEADM = 'nodeadm';

/** An answer takes longer than the work between two: what runs side by side ends in the same order on every machine. */
const ANSWER_MS = 40;

/** Asked in case the cluster is of IPv6, which EKS tells at about the same time: never answered, so that it is always called off. */
const OPEN_RACE = { on: /\/ipv6s$/, kind: 'hang' };

/** @param {{ root: string, endpoint: string, ca: string }} given the image, and the cluster for a boot that asks no AWS API */
const groups = ({ root, endpoint, ca }) => {
  const root2023 = join(root, IMAGE_2023);
  const cache = join(root2023, 'run/eks/nodeadm/config.json');
  const given = ['--apiserver-endpoint', endpoint, '--b64-cluster-ca', ca];
  return [
    [
      { argv0: OWN, argv: ['plan', 'my-cluster', '--root', root] },
      { argv0: OWN, argv: ['bootstrap', 'my-cluster', '--root', root, '--kubelet-extra-args', '--node-labels=a=b,c=d'] },
      { argv0: DROP_IN, argv: ['my-cluster', ...given, '--kubelet-extra-args', '--node-labels=a=b'], env: { BOOTWRIGHT_ROOT: root } },
      { argv0: OWN, argv: ['bootstrap', 'my-cluster', ...given, '--root', root, '--node-name', 'instance-id'] },
    ],
    [{ argv0: OWN, argv: ['token', '--cluster-name', 'my-cluster', '--region', 'us-west-2'] }],
    // Both halves of a boot of Amazon Linux 2023.
    [
      { argv0: NODEADM, argv: ['init', '--skip', 'run', '--config-cache', cache], env: { BOOTWRIGHT_ROOT: root2023 } },
      { argv0: NODEADM, argv: ['init', '--skip', 'config', '--config-cache', cache], env: { BOOTWRIGHT_ROOT: root2023 } },
    ],
    [
      { argv0: OWN, argv: ['config', 'check', join(root, 'user-data.txt')] },
      { argv0: OWN, argv: ['config', 'dump', join(root, 'user-data.txt')] },
    ],
    [{ argv0: OWN, argv: ['config', 'check', join(root, 'with-cel.txt')] }],
    [
      { argv0: OWN, argv: ['--version'] },
      { argv0: OWN, argv: ['--help'] },
      {
        argv0: OWN,
        argv: 'preview --instance-type m5.large --region us-west-2 --kubernetes-version 1.32 bootstrap my-cluster'.split(' '),
      },
    ],
  ];
};

/** In the other image. */
const IMAGE_2023 = '2023';

/** What boots of Amazon Linux 2023 see of theirs. */
const makeImage2023 = (root) => {
  mkdirSync(join(root, 'etc/eks'), { recursive: true });
  writeFileSync(join(root, 'etc/eks/kubelet-version.txt'), 'v1.34.1\n');
  writeFileSync(join(root, 'etc/eks/containerd-version.txt'), '2.1.5\n');
  mkdirSync(join(root, 'etc/systemd/system'), { recursive: true });
  for (const name of ['containerd', 'kubelet'])
    writeFileSync(join(root, 'etc/systemd/system', `${name}.service`), `[Service]\nExecStart=/usr/bin/${name}\n`);
};

/** An Amazon Linux 2 image as far as a decision looks at it. */
const makeImage = (root) => {
  cpSync(join(projectRoot, 'test/rig/al2'), root, { recursive: true });
  mkdirSync(join(root, 'etc/eks'), { recursive: true });
  writeFileSync(join(root, 'etc/eks/kubelet-version.txt'), `Kubernetes v${KUBELET}\n`);
  writeFileSync(join(root, 'etc/eks/containerd-version.txt'), `containerd github.com/containerd/containerd v${CONTAINERD}\n`);
  mkdirSync(join(root, PROGRAMS));
  writeFileSync(join(root, PROGRAMS, 'systemctl'), '#!/bin/sh\n', { mode: 0o755 });
};

/**
 * The workloads, each with an environment that knows nothing but the stand-ins of IMDS and AWS, which run while `use` does; and what
 * makes the image anew that they work on, so that each process meets a first boot.
 * @param {(warmUps: { groups: { argv: string[], argv0: string, env: Record<string, string> }[][], freshImage: () => void }) =>
 *   Promise<void>} use
 */
export const withWarmUps = async (use) => {
  // Not at the top: the bundle is also built by a Node that cannot load TypeScript.
  const { startFakes } = await import('../test/fakes/main.ts');
  const { exampleCluster } = await import('../test/fakes/example.ts');
  const root = mkdtempSync(join(tmpdir(), 'bootwright-warm-up-'));
  const freshImage = () => {
    rmSync(root, { recursive: true });
    makeImage(root);
    makeImage2023(join(root, IMAGE_2023));
    for (const [name, expression] of Object.entries(USER_DATA)) writeFileSync(join(root, name), userData(exampleCluster(), expression));
  };
  const fakes = await startFakes({ delayMs: ANSWER_MS, userData: userData(exampleCluster(), '') });
  fakes.imds.fault(OPEN_RACE);
  const { endpoint, certificateAuthority: ca } = exampleCluster();
  try {
    const env = { PATH: join(root, PROGRAMS), HOME: root, ...fakes.env };
    await use({
      freshImage,
      groups: groups({ root, endpoint, ca }).map((group) => group.map((call) => ({ ...call, env: { ...env, ...call.env } }))),
    });
  } finally {
    await fakes.close();
    rmSync(root, { recursive: true, force: true });
  }
};

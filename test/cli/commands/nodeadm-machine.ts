/** nodeadm init on a machine whose systemctl, kubelet, containerd and setup-local-disks are stand-ins on PATH, as test suites have them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startFakes } from '../../fakes/main.ts';
import { needs } from '../../rig/parts.ts';
import { DRA } from '../support/nodeadm-files.ts';
import { configOf, containerd, kubelet, script } from '../support/nodeadm-suite.ts';
import { runPrivately } from '../support/private-mounts.ts';
import { makeProgram } from '../support/program.ts';

const { path: program } = await makeProgram(t.teardown);

/** The system's own files covered, and what is written there kept beside. Needs the parts `linux` and `root`. */
const onThisMachine = async (t: Test, args: readonly string[], config: string) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const dir = t.testdir({ etc: {}, lib: {}, run: {}, mocks: {}, 'config.yaml': config, calls: '' });
  const record = (name: string): string => script(`echo ${name} "$@" >>${dir}/calls`);
  const mocks = {
    kubelet: kubelet('1.33.1'),
    containerd: containerd('2.1.5'),
    systemctl: record('systemctl'),
    'setup-local-disks': record('setup-local-disks'),
  };
  for (const [name, text] of Object.entries(mocks)) writeFileSync(join(dir, 'mocks', name), text, { mode: 0o755 });
  // /etc is a copy: this machine need not have every directory in it.
  const prepare = `cp -a /etc/. ${dir}/etc/; mount --bind ${dir}/etc /etc
mount --bind ${dir}/run /run; mount --bind ${dir}/lib /var/lib; cd ${dir}`;
  const env = { ...fakes.env, PATH: `${dir}/mocks:/usr/sbin:/usr/bin:/sbin:/bin` };
  const { code, stderr } = await runPrivately({ prepare, program, as: 'nodeadm', args, env });
  const calls = readFileSync(join(dir, 'calls'), 'utf8').split('\n');
  return {
    code,
    stderr,
    calls: calls.filter((line) => line !== '' && !line.startsWith('systemctl show')),
    read: (path: string): string => readFileSync(join(dir, path), 'utf8'),
  };
};

t.test('stand-ins on PATH that say nothing', async (t) => {
  if (!needs(t, 'linux', 'root')) return;
  const config = configOf(`  instance:
    environment:
      default: {FOO: 'a b', HTTPS_PROXY: 'http://user:hunter2@proxy:3128', NO_PROXY: 127.0.0.1}
      kubelet: {BAR: "100%"}
    localStorage: {strategy: RAID0, mountPath: /mnt/disks, disabledMounts: [PodLogs]}
`);
  const { code, stderr, calls, read } = await onThisMachine(t, ['init', '--config-source', 'file://config.yaml'], config);
  t.equal(code, 0, stderr);
  t.match(stderr, /cloud-init has not ended/);
  t.notMatch(stderr, 'hunter2');
  t.notMatch(read('run/bootwright/report.json'), 'hunter2');
  t.strictSame(calls, [
    'setup-local-disks raid0 --dir /mnt/disks --no-bind-pods-logs',
    'systemctl daemon-reload',
    'systemctl enable -- containerd.service kubelet.service',
    'systemctl reset-failed -- containerd.service kubelet.service',
    'systemctl start -- containerd.service',
    'systemctl start -- kubelet.service',
  ]);
  t.equal(
    read('etc/systemd/system.conf.d/environment.conf'),
    `[Manager]
DefaultEnvironment="FOO=a b"
DefaultEnvironment="HTTPS_PROXY=http://user:hunter2@proxy:3128"
DefaultEnvironment="NO_PROXY=127.0.0.1"
`,
  );
  t.equal(read('etc/systemd/system/kubelet.service.d/environment.conf'), '[Service]\nEnvironment="BAR=100%%"\n');
  t.match(JSON.parse(read('etc/kubernetes/kubelet/config.json')), { featureGates: DRA });
  t.match(read('etc/containerd/config.toml'), /^version = 3$/m);
  t.equal(read('run/nodeadm/init'), '');
});

t.test('phases and daemons', async (t) => {
  if (!needs(t, 'linux', 'root')) return;
  const [reset, ...starts] = [
    'systemctl reset-failed -- containerd.service kubelet.service',
    'systemctl start -- containerd.service',
    'systemctl start -- kubelet.service',
  ];
  for (const [args, expected] of [
    [['--skip', 'run'], []],
    [['--daemon', ''], []],
    [
      ['--skip', 'config'],
      [reset, ...starts],
    ],
    [
      ['--skip', 'config', '--daemon', 'kubelet'],
      ['systemctl reset-failed -- kubelet.service', starts[1]],
    ],
  ] as const) {
    const { code, stderr, calls } = await onThisMachine(t, ['init', '-c', 'file://config.yaml', ...args], configOf());
    t.equal(code, 0, stderr);
    t.strictSame(calls, expected, args.join(' '));
  }
});

/** nodeadm-internal: which interfaces are networkd's, and the wait for them. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { startFakes } from '../../fakes/main.ts';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);
const PRIMARY = '02:29:15:c0:c3:d1';
const SECOND = '02:29:15:c0:c3:d2';
const DECISIONS = 'etc/eks/nodeadm/udev-net-manager/i-0123456789abcdef0';

const stage = async (t: Test, files: Readonly<Record<string, string>> = {}) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const macs = `latest/meta-data/network/interfaces/macs/${SECOND}`;
  fakes.imds.tree.set(`latest/meta-data/network/interfaces/macs/${PRIMARY}/device-number`, '0');
  fakes.imds.tree.set(`${macs}/device-number`, '2');
  fakes.imds.tree.set(`${macs}/network-card`, '1');
  fakes.imds.tree.set(`${macs}/local-ipv4s`, '192.168.1.20\n192.168.1.21');
  const root = mkdtempSync(join(tmpdir(), 'bootwright-net-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const given = { 'sys/class/net/ens5/address': `${PRIMARY}\n`, 'sys/class/net/ens6/address': `${SECOND.toUpperCase()}\n`, ...files };
  for (const [path, text] of Object.entries(given)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  const call = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    run(args, { as: 'nodeadm-internal', env: { ...fakes.env, BOOTWRIGHT_ROOT: root, ...env } });
  return { fakes, root, read, call };
};

t.test("the primary interface is networkd's, in place of the image's own match", async (t) => {
  const { read, call } = await stage(t);
  const { code, stderr } = await call(['udev-net-manager', '-i', 'ens5', '-a', 'add']);
  t.equal(code, 0, stderr);
  t.equal(
    read('run/systemd/network/70-eks-ens5.network'),
    `[Match]
PermanentMACAddress=${PRIMARY}

[Link]
MTUBytes=9001

[Network]
DHCP=yes
IPv6DuplicateAddressDetection=0
LLMNR=no
DNSDefaultRoute=yes

[DHCPv4]
UseHostname=no
UseDNS=yes
UseNTP=yes
UseDomains=yes

[DHCPv6]
UseHostname=no
UseDNS=yes
UseNTP=yes
WithoutRA=solicit

[DHCPv4]
RouteMetric=512
UseRoutes=true
UseGateway=true

[IPv6AcceptRA]
RouteMetric=512
UseGateway=true
`,
  );
  t.equal(read('run/systemd/network/80-ec2.network.d/10-eks-disable.conf'), '[Match]\nName=none\n');
  t.equal(read(`${DECISIONS}/ens5`), 'io.systemd.Network');
});

t.test('a second one has its own table, by card and index', async (t) => {
  const { root, read, call } = await stage(t);
  const { code, stderr } = await call(['udev-net-manager', '--interface=ens6', '--action=add']);
  t.equal(code, 0, stderr);
  const text = read('run/systemd/network/70-eks-ens6.network');
  t.match(text, /^\[DHCPv4\]\nRouteMetric=614\n/m);
  t.ok(
    text.endsWith(
      '[Route]\nTable=10102\nGateway=_ipv6ra\n\n[Route]\nTable=10102\nGateway=_dhcp4\n\n[RoutingPolicyRule]\nFrom=192.168.1.20\nTable=10102\nPriority=32765\n',
    ),
    text,
  );
  t.notOk(existsSync(join(root, 'run/systemd/network/80-ec2.network.d')));
});

t.test("after the node has started, a new interface is the CNI's; an earlier decision stands", async (t) => {
  const late = await stage(t, { 'run/nodeadm/init': '' });
  t.equal((await late.call(['udev-net-manager', '-i', 'ens6', '-a', 'add'])).code, 0);
  t.equal(late.read(`${DECISIONS}/ens6`), 'cni');
  t.notOk(existsSync(join(late.root, 'run/systemd/network')));
  const decided = await stage(t, { 'run/nodeadm/init': '', [`${DECISIONS}/ens6`]: 'io.systemd.Network' });
  t.equal((await decided.call(['udev-net-manager', '-i', 'ens6', '-a', 'add'])).code, 0);
  t.ok(existsSync(join(decided.root, 'run/systemd/network/70-eks-ens6.network')));
  const baked = await stage(t, {
    'run/nodeadm/init': '',
    'etc/eks/nodeadm/udev-net-manager/i-00000000000000000/ens6': 'io.systemd.Network',
  });
  t.equal((await baked.call(['udev-net-manager', '-i', 'ens6', '-a', 'add'])).code, 0);
  t.equal(baked.read(`${DECISIONS}/ens6`), 'cni', 'what an image brings from another instance does not count');
});

t.test('one that goes takes its file along', async (t) => {
  const { fakes, root, call } = await stage(t, { 'run/systemd/network/70-eks-ens6.network': 'x' });
  t.equal((await call(['udev-net-manager', '-i', 'ens6', '-a', 'remove'])).code, 0);
  t.notOk(existsSync(join(root, 'run/systemd/network/70-eks-ens6.network')));
  t.equal((await call(['udev-net-manager', '-i', 'ens6', '-a', 'remove'])).code, 0, 'twice');
  t.equal(fakes.imds.exchanges.length, 0);
});

t.test('calls that mean nothing', async (t) => {
  const { call } = await stage(t);
  for (const [args, code, stderr] of [
    [
      ['udev-net-manager', '-a', 'change', '-i', '../x'],
      1,
      "error: --interface: '../x' is not the name of an interface, as in ens5. Give the name of an interface, as in ens5.\nerror: --action: 'change' is not add or remove. Give add or remove.\n",
    ],
    [
      ['udev-net-manager'],
      2,
      'error: --interface: is missing. Give the name of an interface, as in ens5.\nerror: --action: is missing. Give add or remove.\n',
    ],
    [['udev-net-manager', '-i', 'ens9', '-a', 'add'], 1, 'error: --interface: there is no interface ens9. `ip link` shows them.\n'],
  ] as const) {
    const ended = await call(args);
    t.equal(ended.stderr, stderr);
    t.equal(ended.code, code);
  }
});

/** A networkctl that answers with one line of `states` after the other, the last one for ever. */
const networkctl = (root: string, states: readonly Readonly<Record<string, string>>[]): string => {
  const bin = join(root, 'bin');
  mkdirSync(bin);
  states.forEach((links, i) => {
    const list = Object.entries(links).map(([Name, AdministrativeState]) => ({ Name, AdministrativeState }));
    writeFileSync(join(bin, `answer-${i}`), JSON.stringify({ Interfaces: list }));
  });
  const script = `#!/bin/sh
[ "$*" = 'list --json=pretty' ] || exit 9
n=$(cat ${bin}/count 2>/dev/null || echo 0)
echo $((n + 1)) > ${bin}/count
[ -f ${bin}/answer-$n ] || n=${states.length - 1}
cat ${bin}/answer-$n
`;
  writeFileSync(join(bin, 'networkctl'), script);
  chmodSync(join(bin, 'networkctl'), 0o755);
  return `${bin}:/usr/bin:/bin`;
};

t.test("boot-hook waits for what is networkd's, and for all else to be left alone", async (t) => {
  const { root, call } = await stage(t, { [`${DECISIONS}/ens6`]: 'io.systemd.Network', [`${DECISIONS}/ens7`]: 'cni' });
  const PATH = networkctl(root, [
    { lo: 'unmanaged', ens5: 'configuring', ens6: 'configured' },
    { lo: 'unmanaged', ens5: 'configured' },
    { lo: 'unmanaged', ens5: 'configured', ens6: 'configured', ens7: 'configured' },
    { lo: 'unmanaged', ens5: 'configured', ens6: 'configured', ens7: 'unmanaged' },
  ]);
  const { code, stderr } = await call(['boot-hook'], { PATH });
  t.equal(code, 0, stderr);
  t.equal(readFileSync(join(root, 'bin/count'), 'utf8'), '4\n');
});

t.test('boot-hook waits for the primary interface to appear', async (t) => {
  const { root, call } = await stage(t);
  const file = join(root, 'sys/class/net/ens5/address');
  rmSync(file);
  rmSync(join(root, 'sys/class/net/ens6/address'));
  const PATH = networkctl(root, [{ lo: 'unmanaged' }, { lo: 'unmanaged' }, { lo: 'unmanaged', ens5: 'configured' }]);
  const script = join(root, 'bin/networkctl');
  writeFileSync(
    script,
    readFileSync(script, 'utf8').replace('\n', `\n[ "$(cat ${root}/bin/count 2>/dev/null)" = 2 ] && echo ${PRIMARY} >${file}\n`),
  );
  const { code, stderr } = await call(['boot-hook'], { PATH });
  t.equal(code, 0, stderr);
  t.equal(readFileSync(join(root, 'bin/count'), 'utf8'), '3\n');
});

t.test('boot-hook without a network service', async (t) => {
  const { call, root } = await stage(t);
  t.same(await call(['boot-hook'], { PATH: '/proc/nonexistent' }), {
    code: 1,
    signal: null,
    stdout: '',
    stderr: 'error: there is no networkctl on PATH. Check systemd-networkd: `systemctl status systemd-networkd`.\n',
  });
  const PATH = networkctl(root, [{}]);
  writeFileSync(join(root, 'bin/answer-0'), '[]');
  t.equal(
    (await call(['boot-hook'], { PATH })).stderr,
    'error: networkctl list --json answers no list of interfaces. Systemd 252 or newer is needed.\n',
  );
});

/** A networkctl that only says this, as without D-Bus, and puts down each time what is in `decide`. */
const busless = (root: string, decide = ''): string => {
  const bin = join(root, 'bin');
  mkdirSync(bin);
  const script = `#!/bin/sh\n${decide}\necho 'Failed to connect system bus: No such file or directory' >&2\nexit 1\n`;
  writeFileSync(join(bin, 'networkctl'), script);
  chmodSync(join(bin, 'networkctl'), 0o755);
  return `${bin}:/usr/bin:/bin`;
};
const LINKS = {
  'sys/class/net/lo/address': '00:00:00:00:00:00\n',
  'sys/class/net/lo/ifindex': '1\n',
  'sys/class/net/ens5/ifindex': '2\n',
  'sys/class/net/ens6/ifindex': '3\n',
  'run/systemd/netif/links/1': '# This is private data. Do not parse.\nADMIN_STATE=unmanaged\nOPER_STATE=carrier\n',
  'run/systemd/netif/links/2': '# This is private data. Do not parse.\nADMIN_STATE=configured\nOPER_STATE=routable\n',
  'run/systemd/netif/links/3': 'ADMIN_STATE=configured\n',
};

t.test('boot-hook before D-Bus goes by what networkd has left; what is decided meanwhile counts', async (t) => {
  const { root, call } = await stage(t, LINKS);
  const decision = join(root, DECISIONS, 'ens6');
  const decide = `[ -f ${root}/once ] && { mkdir -p ${dirname(decision)}; printf io.systemd.Network >${decision}; }; : >${root}/once`;
  const { code, stderr } = await call(['boot-hook'], { PATH: busless(root, decide) });
  t.equal(code, 0, stderr);
});

t.test('boot-hook with D-Bus takes networkctl at its word', async (t) => {
  const { root, call } = await stage(t, { ...LINKS, 'run/dbus/system_bus_socket': '' });
  const { code, stderr } = await call(['boot-hook'], { PATH: busless(root) });
  t.equal(code, 1);
  t.match(stderr, /networkctl ended badly: .*Failed to connect system bus/s);
});

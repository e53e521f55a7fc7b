import t from 'tap';
import { containerdConfigOf, containerdConfigText, containerdMajorOf } from '../../src/core/containerd.ts';
import type { Facts } from '../../src/core/facts.ts';
import { AMI_CONTAINERD_CONFIG } from '../../src/core/paths.ts';
import { factsOf, PLAIN, requestOf } from './support/case.ts';

const PAUSE = '602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5';

t.test('version 2, byte for byte the text that bootstrap.sh leaves behind', async (t) => {
  t.equal(
    containerdConfigText(2, PAUSE),
    `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
imports = ["/etc/containerd/config.d/*.toml"]

[grpc]
address = "/run/containerd/containerd.sock"

[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "runc"
discard_unpacked_layers = true

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5"

[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "/etc/containerd/certs.d:/etc/docker/certs.d"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/opt/cni/bin"
conf_dir = "/etc/cni/net.d"
`,
  );
});

const withVersion = (containerdVersion: string | null): Facts => {
  const facts = factsOf(PLAIN);
  return { ...facts, host: { ...facts.host, containerdVersion } };
};

t.test('major versions', async (t) => {
  for (const version of ['1.4.0', '1.6.20~ds1', '1.7.27', 'v1.7.0']) t.equal(containerdMajorOf(withVersion(version)).value, 1, version);
  for (const version of ['2.0.0', '2.2.9', '2.1.0-rc.1']) t.equal(containerdMajorOf(withVersion(version)).value, 2, version);
  const messages = [null, 'nonsense', '', '1.3.9', '3.0.0'].map(
    (version) => containerdMajorOf(withVersion(version)).diagnostics[0]?.message,
  );
  t.same(messages, [
    'there is no containerd on this node',
    "containerd's version 'nonsense' is not a version",
    "containerd's version '' is not a version",
    'containerd 1.3.9 is older than 1.4',
    'containerd 3.0.0 is newer than 2, the newest that this bootwright knows',
  ]);
});

const textOf = (template: string): string | undefined => {
  const facts = factsOf(PLAIN);
  const spec = requestOf(PLAIN).request?.spec;
  if (spec === undefined) throw new Error('no spec');
  const files = { ...facts.host.files, [AMI_CONTAINERD_CONFIG]: template };
  return containerdConfigOf(spec, { ...facts, host: { ...facts.host, files } }, { pauseImage: PAUSE, nvidiaRuntime: null }).value?.text;
};

t.test('what is put into a template', async (t) => {
  t.equal(textOf('x = "SANDBOX_IMAGE" # SANDBOX_IMAGE\n'), `x = "${PAUSE}" # ${PAUSE}\n`, 'every placeholder, as sed did');
  t.equal(textOf('sandbox_image = "1.dkr.ecr.x.amazonaws.com/eks/pause:3.1"\n'), `sandbox_image = "${PAUSE}"\n`, 'an earlier run’s image');
  t.equal(textOf("a = 1\n  sandbox = '1.dkr.ecr.x/eks/pause:3.1' # c\n"), `a = 1\n  sandbox = "${PAUSE}" # c\n`, 'in format 3, too');
  t.equal(textOf('sandbox_image = "my/pause:3.1"\n'), 'sandbox_image = "my/pause:3.1"\n', 'somebody’s own image stays');
  t.equal(textOf('not_sandbox_image = "x/eks/pause:3.1"\n'), 'not_sandbox_image = "x/eks/pause:3.1"\n', 'other keys stay');
});

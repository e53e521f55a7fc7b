import t from 'tap';
import { containerdConfigText } from '../../src/core/containerd.ts';
import { containerdFileDiagnostics } from '../../src/core/containerd-lint.ts';
import { parsedToml } from '../../src/core/formats/toml.ts';

const PAUSE = 'x/eks/pause:3.5';
const codes = (text: string, major: 1 | 2): readonly string[] =>
  containerdFileDiagnostics(parsedToml(text, 'f').value ?? {}, 'f', major, PAUSE).map(({ severity, code }) => `${severity} ${code}`);

t.same(codes(containerdConfigText(2, PAUSE), 1), [], 'our format 2 on containerd 1');
t.same(codes(containerdConfigText(2, PAUSE), 2), [], 'our format 2 on containerd 2, which converts it');
t.same(codes(containerdConfigText(3, PAUSE), 2), [], 'our format 3 on containerd 2');
t.same(codes(containerdConfigText(3, PAUSE), 1), ['error containerd-config-too-new'], 'format 3 on containerd 1');
t.same(codes('version = 4\n', 2), ['error containerd-config-version']);
t.same(codes('version = "2"\n', 1), ['error containerd-config-version'], 'a string is no version');

const FORMAT_1 = `
imports = ["/etc/containerd/config.d/*.toml"]
[plugins.cri]
sandbox_image = "${PAUSE}"
[plugins.cri.containerd]
default_runtime_name = "nvidia"
[plugins.cri.containerd.runtimes.nvidia.options]
SystemdCgroup = true
`;
t.same(codes(FORMAT_1, 1), [], 'format 1, which has no version, and another default runtime');
t.same(codes(`version = 0\n${FORMAT_1}`, 1), []);
t.same(codes(FORMAT_1.replace('nvidia"', 'runc"'), 1), ['warning containerd-cgroup-driver'], 'the default runtime is the one that counts');
t.same(codes(FORMAT_1.replace('"/etc/containerd/config.d/*.toml"', '"/etc/other/*.toml"'), 1), ['warning containerd-no-imports']);
t.same(codes(FORMAT_1.replace(PAUSE, 'own'), 1), ['warning containerd-other-sandbox-image']);
t.same(codes(FORMAT_1.replace(/sandbox_image.*/, ''), 1), ['warning containerd-no-sandbox-image']);

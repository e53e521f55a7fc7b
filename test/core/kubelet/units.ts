/** The drop-in with the kubelet's arguments, against what bootstrap.sh writes; and who sees to bpffs. */
import t from 'tap';
import type { Facts } from '../../../src/core/facts.ts';
import { BPF_MOUNT_UNIT_TEXT, bpfFsOf } from '../../../src/core/kubelet/units.ts';
import { BPF_MOUNT_UNIT, KUBELET_ARGS_DROP_IN } from '../../../src/core/paths.ts';
import type { AmazonLinux2Spec } from '../../../src/core/spec.ts';
import { factsOf, observedOf, PLAIN, requestOf, resultOf } from '../support/case.ts';

const IP = '--node-ip=192.168.1.10';
const PAUSE = '--pod-infra-container-image=602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5';
const NAME = '--hostname-override=ip-192-168-1-10.us-west-2.compute.internal';

const argsOf = (minor: number): string => {
  if (minor < 26) return `${IP} ${PAUSE} --v=2 --cloud-provider=aws --container-runtime=remote`;
  if (minor === 26) return `${IP} ${PAUSE} --v=2 ${NAME} --cloud-provider=external --container-runtime=remote`;
  // The flag is gone in 1.35: a kubelet that is given it does not start.
  return minor < 35 ? `${IP} ${PAUSE} --v=2 ${NAME} --cloud-provider=external` : `${IP} --v=2 ${NAME} --cloud-provider=external`;
};

for (let minor = 24; minor <= 36; minor += 1) {
  const name = `kubelet-1.${minor}`;
  const { plan } = resultOf(name, observedOf(name));
  const text = plan?.files.find(({ path }) => path === KUBELET_ARGS_DROP_IN)?.text;
  t.equal(text, `[Service]\nEnvironment='KUBELET_ARGS=${argsOf(minor)}'\n`, name);
}

t.test('bpffs', async (t) => {
  const spec = requestOf(PLAIN).request?.spec;
  if (spec === undefined) throw new Error('no spec');
  const facts = factsOf(PLAIN);
  const decided = (unit: string | null, bpfMounts: readonly string[], wanted = true): string => {
    const options = { ...spec.options, mountBpfFs: { ...spec.options.mountBpfFs, value: wanted } };
    const files = { ...facts.host.files, [BPF_MOUNT_UNIT]: unit };
    const changed: readonly [AmazonLinux2Spec, Facts] = [
      { ...spec, options },
      { ...facts, host: { ...facts.host, files, bpfMounts } },
    ];
    const { value, because } = bpfFsOf(...changed);
    return `${value} ${because.rule}`;
  };
  t.equal(decided(null, []), 'unit bpffs.missing');
  t.equal(decided(null, ['/sys/fs/bpf']), 'left bpffs.mounted');
  t.equal(decided(BPF_MOUNT_UNIT_TEXT, ['/sys/fs/bpf']), 'kept bpffs.ours', 'its own mount is no reason to remove the unit');
  t.equal(decided(BPF_MOUNT_UNIT_TEXT, []), 'unit bpffs.ours', 'the next boot');
  t.equal(decided('[Unit]\nDescription=BPF mounts\n', []), 'unit bpffs.ours', 'written by mount-bpf-fs');
  t.equal(decided('[Mount]\nWhat=bpffs\n', []), 'left bpffs.foreign-unit');
  t.equal(decided(BPF_MOUNT_UNIT_TEXT, [], false), 'none bpffs.not-wanted');
});

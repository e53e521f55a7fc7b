import t from 'tap';
import { eniMaxPodsOf, kubeReservedOf, maxPodsOf, reservedCpuOf, reservedMemoryOf } from '../../../src/core/kubelet/capacity.ts';
import { decidedOf, factsWith, specWith } from '../support/plain.ts';

const podsOf = (type: string): number => decidedOf(eniMaxPodsOf(factsWith({ instance: { type } }))).value;

t.test('pods by instance type, as eni-max-pods.txt has them', async (t) => {
  const published: { readonly [type: string]: number } = {
    't3.micro': 4,
    't3.small': 11,
    't3.medium': 17,
    'c7g.medium': 8,
    'm5.large': 29,
    'm5.xlarge': 58,
    'm4.xlarge': 58,
    'm5.4xlarge': 234,
    'm5.8xlarge': 234,
    'm5.16xlarge': 737,
    'c5.18xlarge': 737,
    'p4d.24xlarge': 737,
    'p5.48xlarge': 100,
    'trn1.32xlarge': 247,
    'c6in.32xlarge': 394,
    'u-6tb1.metal': 147,
    'c8i.48xlarge': 1514,
  };
  for (const [type, pods] of Object.entries(published)) t.equal(podsOf(type), pods, type);
});

t.test('the formula stands in the reason, with its numbers', async (t) => {
  const { because } = decidedOf(eniMaxPodsOf(factsWith()));
  t.equal(because.text, '3 ENIs × (10 − 1) IPv4 addresses + 2 = 29');
  t.match(because.inputs, [
    { name: 'instance.type', value: 'm5.large', origin: 'imds' },
    { name: 'limits of m5.large', value: '3 ENIs with 10 IPv4 addresses each' },
  ]);
});

t.test('a type that the table lacks goes by DescribeInstanceTypes', async (t) => {
  const facts = factsWith({ instance: { type: 'z9.large' }, instanceTypes: { 'z9.large': { enis: 4, ipv4PerEni: 15 } } });
  const decided = decidedOf(eniMaxPodsOf(facts));
  t.equal(decided.value, 58);
  t.equal(decided.because.inputs[1]?.origin, 'describe-instance-types');
  t.throws(() => eniMaxPodsOf(factsWith({ instance: { type: 'z9.large' } })), { message: 'the limits of z9.large are not known yet' });
  t.throws(() => eniMaxPodsOf(factsWith({ instance: { type: undefined } })), { message: 'instance.type is not known yet' });
});

t.test('maxPods', async (t) => {
  t.equal(decidedOf(maxPodsOf(specWith(), factsWith())).value, 29);
  const unset = decidedOf(maxPodsOf(specWith(['--use-max-pods', 'false']), factsWith()));
  t.equal(unset.value, null);
  t.equal(unset.because.text, 'maxPods is not written; the kubelet takes its own default, 110.');
  const byHand = decidedOf(maxPodsOf(specWith(['--use-max-pods', 'false', '--kubelet-extra-args', '--max-pods=434']), factsWith()));
  t.equal(byHand.because.text, 'maxPods is not written; the kubelet takes 434 from its arguments.');
});

t.test('reserved CPU, as bootstrap.sh reckons it', async (t) => {
  const millicores: { readonly [cpus: number]: number } = {
    1: 60,
    2: 70,
    4: 80,
    8: 90,
    16: 110,
    32: 150,
    36: 160,
    48: 190,
    64: 230,
    72: 250,
    96: 310,
    128: 390,
    192: 550,
    448: 1190,
  };
  for (const [cpus, expected] of Object.entries(millicores)) t.equal(reservedCpuOf(Number(cpus)).millicores, expected, `${cpus} CPUs`);
  t.equal(reservedCpuOf(3).text, '6 % of 1000m + 1 % of 1000m + 0.5 % of 1000m = 75m');
});

t.test('reserved memory', async (t) => {
  const mebibytes: { readonly [pods: number]: number } = { 17: 442, 29: 574, 44: 739, 58: 893, 110: 1465, 234: 2829, 737: 8362 };
  for (const [pods, expected] of Object.entries(mebibytes)) t.equal(reservedMemoryOf(Number(pods)).mebibytes, expected, `${pods} pods`);
});

t.test('kubeReserved', async (t) => {
  const memoryOf = (args: readonly string[], style: 'drop-in' | 'own' = 'drop-in'): string =>
    decidedOf(kubeReservedOf(specWith(args, {}, style), factsWith())).value.memory;
  const plain = decidedOf(kubeReservedOf(specWith(), factsWith()));
  t.same(plain.value, { cpu: '70m', 'ephemeral-storage': '1Gi', memory: '574Mi' });
  t.same(Object.keys(plain.value), ['cpu', 'ephemeral-storage', 'memory'], 'in this order');
  t.equal(
    plain.because.text,
    'memory for the 29 pods of the instance type (3 ENIs × (10 − 1) IPv4 addresses + 2 = 29): 11 MiB × 29 + 255 MiB = 574 MiB; cpu of 2 CPUs: 6 % of 1000m + 1 % of 1000m = 70m; ephemeral-storage is always 1 GiB',
  );
  const extra = ['--kubelet-extra-args', '--max-pods=110'];
  t.equal(memoryOf(extra), '574Mi', 'the old name reserves for the instance type');
  t.equal(memoryOf(['--use-max-pods', 'false']), '574Mi', 'and then, too');
  t.equal(memoryOf([], 'own'), '574Mi', 'our own name for what is written');
  t.equal(memoryOf(extra, 'own'), '1465Mi', 'for what the kubelet really takes');
  t.equal(memoryOf(['--use-max-pods', 'false'], 'own'), '1465Mi', 'for its default');
  t.equal(memoryOf([...extra, '--reserve-for', 'max-pods']), '1465Mi', 'the flag beats the style');
  t.equal(memoryOf([...extra, '--reserve-for', 'eni-max-pods'], 'own'), '574Mi');
  t.throws(() => kubeReservedOf(specWith(), factsWith({ host: { cpus: undefined } })), { message: 'host.cpus is not known yet' });
});

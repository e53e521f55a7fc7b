import fc from 'fast-check';
import t from 'tap';
import { type InstanceType, tabledTypeOf, tabledTypes } from '../../../src/core/kubelet/instance-types.ts';
import { cniVersionOf, PLAIN_WISH, type PodLimit, type PodWish, podLimitOf, wishMistakes } from '../../../src/core/kubelet/max-pods.ts';

const tabled = (name: string): InstanceType => {
  const type = tabledTypeOf(name);
  if (type === undefined) throw new Error(`no ${name} in the table`);
  return type;
};
const limitOf = (name: string, wish: Partial<PodWish> = {}): PodLimit => podLimitOf(tabled(name), { ...PLAIN_WISH, ...wish });
const numbersOf = (name: string, wish: Partial<PodWish> = {}): readonly [number | null, number | null] => {
  const { allowed, maxPods } = limitOf(name, wish);
  return [allowed, maxPods];
};
const PREFIXES = { prefixDelegation: true } as const;

t.test('secondary addresses and the bound by vCPUs, as max-pods-calculator.sh has them', async (t) => {
  t.same(numbersOf('m5.large'), [29, 29]);
  t.same(numbersOf('m4.xlarge'), [58, 58]);
  t.same(numbersOf('m5.8xlarge'), [234, 234], '32 vCPUs');
  t.same(numbersOf('m5.4xlarge'), [234, 110], '16 vCPUs');
  t.same(numbersOf('c5.18xlarge'), [737, 250]);
  t.same(numbersOf('c5.18xlarge', { isCapped: false }), [737, 737]);
  t.same(numbersOf('c6in.32xlarge'), [394, 250], 'of the default network card');
  t.same(numbersOf('hpc6id.32xlarge'), [51, 51]);
});

t.test('prefix delegation', async (t) => {
  t.same(numbersOf('m5.large', PREFIXES), [434, 110]);
  t.same(numbersOf('m5.8xlarge', PREFIXES), [3714, 250]);
  t.same(numbersOf('t3.medium', PREFIXES), [242, 110]);
  for (const version of ['1.8.0', '0.9.9', '1.8.9'])
    t.same(numbersOf('m5.large', { ...PREFIXES, cniVersion: cniVersionOf(version) ?? [0, 0, 0] }), [29, 29], version);
  for (const version of ['1.9.0', 'v1.18.1-eksbuild.3', '2.0.0', '1.10'])
    t.same(numbersOf('m5.large', { ...PREFIXES, cniVersion: cniVersionOf(version) ?? [0, 0, 0] }), [434, 110], version);
  t.same(limitOf('m5.large', { ...PREFIXES, cniVersion: [1, 8, 0] }).notes, [
    'prefix delegation needs a CNI from 1.9 on: reckoned with single addresses',
  ]);
  t.same(numbersOf('m4.xlarge', PREFIXES), [58, 58]);
  t.same(limitOf('m4.xlarge', PREFIXES).notes, [
    'prefix delegation needs a Nitro instance, and this is xen: reckoned with single addresses',
  ]);
});

t.test('prefix delegation on bare metal: the CNI has it, max-pods-calculator.sh never saw it', async (t) => {
  t.same(numbersOf('c5.metal', { ...PREFIXES, isCapped: false }), [11762, 11762]);
  t.same(numbersOf('c5.metal', { ...PREFIXES, isCapped: false, prefixesOnMetal: false }), [737, 737]);
  t.same(numbersOf('c7g.metal', { ...PREFIXES, isCapped: false, prefixesOnMetal: false }), [737, 737]);
  t.same(numbersOf('c5.metal', { ...PREFIXES, isCapped: false, cniVersion: [1, 11, 0] }), [11762, 11762]);
  t.same(numbersOf('c5.metal', { ...PREFIXES, isCapped: false, cniVersion: [1, 10, 4] }), [737, 737]);
  t.same(limitOf('c5.metal', { ...PREFIXES, cniVersion: [1, 10, 4] }).notes, [
    'prefix delegation needs a CNI from 1.11 on for bare metal: reckoned with single addresses',
  ]);
  t.same(
    limitOf('c5.metal', { ipFamily: 'ipv6', cniVersion: [1, 10, 4] }).impossible,
    'IPv6 takes prefixes, and prefix delegation needs a CNI from 1.11 on for bare metal',
  );
  t.same(limitOf('c5.metal', { ...PREFIXES, prefixesOnMetal: false }).notes, [
    'prefix delegation is for virtual machines, as max-pods-calculator.sh has it: reckoned with single addresses',
  ]);
});

t.test('a type of which the hypervisor is not known', async (t) => {
  const type = { type: 'z9.large', enis: 3, ipv4PerEni: 10, vcpus: 2 };
  const { allowed, notes } = podLimitOf(type, { ...PLAIN_WISH, ...PREFIXES });
  t.equal(allowed, 29);
  t.same(notes, ['prefix delegation needs a Nitro instance, and whether this is one is not known: reckoned with single addresses']);
  const ipv6 = podLimitOf(type, { ...PLAIN_WISH, ipFamily: 'ipv6' });
  t.equal(ipv6.maxPods, 110);
  t.same(ipv6.notes, ['IPv6 takes prefixes, and prefix delegation needs a Nitro instance, and whether this is one is not known']);
});

t.test('custom networking and MAX_ENI', async (t) => {
  t.same(numbersOf('m5.large', { customNetworking: true }), [20, 20]);
  t.same(numbersOf('t3.medium', { customNetworking: true }), [12, 12]);
  t.same(numbersOf('m5.large', { maxEni: 2 }), [20, 20]);
  t.same(numbersOf('m5.large', { maxEni: 9 }), [29, 29], 'no more than there are');
  t.same(numbersOf('m5.large', { maxEni: 2, customNetworking: true, ...PREFIXES }), [146, 110]);
  const none = limitOf('m5.large', { maxEni: 1, customNetworking: true });
  t.equal(none.maxPods, 2);
  t.same(none.notes, ['no ENI is left for pods: only those on the host’s network run']);
  t.equal(
    limitOf('c5.18xlarge', { maxEni: 4, customNetworking: true, ...PREFIXES }).text,
    '4 of 15 ENIs by --cni-max-eni; the first ENI is not for pods under custom networking; 3 ENIs × (50 − 1) prefixes × 16 addresses + 2 = 2354; at most 250 with 72 vCPUs',
  );
});

t.test('IPv6: the bound alone', async (t) => {
  t.same(numbersOf('m5.large', { ipFamily: 'ipv6' }), [null, 110]);
  t.same(numbersOf('m5.16xlarge', { ipFamily: 'ipv6' }), [null, 250]);
  t.equal(
    limitOf('m5.large', { ipFamily: 'ipv6' }).text,
    'a /80 prefix on the first ENI has 2^48 IPv6 addresses: they set no limit; at most 110 with 2 vCPUs',
  );
  t.equal(
    limitOf('m4.large', { ipFamily: 'ipv6' }).impossible,
    'IPv6 takes prefixes, and prefix delegation needs a Nitro instance, and this is xen',
  );
});

t.test('Windows: one ENI, nothing for the host, and no kubeReserved of bootstrap.sh', async (t) => {
  t.same(numbersOf('m5.large', { windows: true }), [9, 9]);
  t.same(numbersOf('m5.large', { windows: true, ...PREFIXES }), [144, 110]);
  t.same(numbersOf('m5.8xlarge', { windows: true, ...PREFIXES }), [464, 110], 'the bound by vCPUs is for Linux');
  t.same(numbersOf('m5.8xlarge', { windows: true, ...PREFIXES, isCapped: false }), [464, 464]);
  t.same(numbersOf('c7i.32xlarge', { windows: true, ...PREFIXES }), [784, 110], 'so vCPUs need not be known');
  t.same(numbersOf('c5.metal', { windows: true, ...PREFIXES, cniVersion: [1, 9, 0], isCapped: false }), [784, 784], 'no CNI of Linux');
  t.match(limitOf('m5.large', { windows: true, ...PREFIXES }).text, /= 144; at most 110, the kubelet’s default/);
  t.same(limitOf('m5.large', { windows: true }).kubeReserved, { memory: null, cpu: null });
  t.equal(limitOf('m7g.large', { windows: true }).impossible, 'Windows nodes are x86-64 only');
  t.same(podLimitOf({ type: 'z9.large', enis: 3, ipv4PerEni: 10 }, { ...PLAIN_WISH, windows: true }).notes, [
    'Windows needs x86-64, and the architecture is not known',
  ]);
});

t.test('vCPUs that are not known are not guessed', async (t) => {
  t.equal(tabled('c7i.32xlarge').vcpus, undefined, 'the table lacks them');
  const unknown = limitOf('c7i.32xlarge');
  t.same([unknown.allowed, unknown.maxPods], [737, null]);
  t.equal(
    unknown.text,
    '15 ENIs × (50 − 1) IPv4 addresses + 2 = 737; at most 110 up to 30 vCPUs, 250 above; the number of vCPUs is not known',
  );
  t.same(unknown.kubeReserved, { memory: null, cpu: null });
  t.same(numbersOf('c7g-flex.large'), [29, 29], 'where the bound does not count they need not be known');
  t.same(numbersOf('c7i.32xlarge', { isCapped: false }), [737, 737]);
});

t.test('kubeReserved is for the number that is shown', async (t) => {
  const { memory, cpu } = limitOf('c5.18xlarge').kubeReserved;
  t.same(memory, { mebibytes: 3005, text: '11 MiB × 250 + 255 MiB = 3005 MiB' });
  t.equal(cpu?.millicores, 250);
  t.equal(limitOf('c5.18xlarge', { isCapped: false }).kubeReserved.memory?.mebibytes, 8362);
});

t.test('versions of the CNI', async (t) => {
  t.same(cniVersionOf('1.7.5'), [1, 7, 5]);
  t.same(cniVersionOf('v1.18.1-eksbuild.3'), [1, 18, 1]);
  t.same(cniVersionOf('1.9'), [1, 9, 0]);
  for (const text of ['', '1', 'x', '1.', '1.2.3.4', '1.2 3', '-1.2', '1.9999']) t.equal(cniVersionOf(text), undefined, text);
});

t.test('what does not go together', async (t) => {
  const saidOf = (wish: Partial<PodWish>): string[] =>
    wishMistakes({ ...PLAIN_WISH, ...wish }).map(({ path, message }) => `${path}: ${message}`);
  t.same(saidOf({}), []);
  t.same(saidOf({ ...PREFIXES, customNetworking: true, maxEni: 2, isCapped: false, cniVersion: [1, 2, 0] }), []);
  t.same(saidOf({ windows: true, ipFamily: 'ipv6', customNetworking: true, maxEni: 2 }), [
    '--ip-family ipv6: Windows nodes have no IPv6',
    '--cni-custom-networking-enabled: Windows nodes have no custom networking',
    '--cni-max-eni: Windows nodes use one ENI in any case',
  ]);
  t.same(saidOf({ ipFamily: 'ipv6', customNetworking: true, maxEni: 2, isCapped: false, cniVersion: [1, 9, 3] }), [
    '--cni-custom-networking-enabled: there is no custom networking in IPv6 clusters',
    '--cni-max-eni: pods of IPv6 clusters take their addresses from the first ENI in any case',
    '--show-max-allowed: IPv6 addresses set no limit that could be shown',
    '--cni-version: the CNI serves IPv6 clusters from 1.10.0 on',
  ]);
  t.same(saidOf({ ipFamily: 'ipv6', cniVersion: [1, 10, 0] }), []);
});

t.test('laws, over every type and wish', async () => {
  const wishes = fc.record({
    prefixDelegation: fc.boolean(),
    customNetworking: fc.boolean(),
    maxEni: fc.integer({ min: 1, max: 20 }),
    cniVersion: fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 3 })),
    prefixesOnMetal: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.constantFrom(...tabledTypes()), wishes, (name, wish) => {
      const whole = { ...PLAIN_WISH, ...wish };
      const capped = podLimitOf(tabled(name), whole);
      const free = podLimitOf(tabled(name), { ...whole, isCapped: false });
      const roomier = podLimitOf(tabled(name), { ...whole, maxEni: wish.maxEni + 1 });
      return (
        capped.allowed === free.maxPods &&
        (capped.maxPods ?? 0) <= Math.min(free.maxPods ?? 0, 250) &&
        (capped.allowed ?? 0) <= (roomier.allowed ?? 0) &&
        (capped.allowed ?? 0) >= 2 &&
        free.text.endsWith(`= ${free.maxPods}`)
      );
    }),
  );
});

import t, { type Test } from 'tap';
import { fetchAddresses, nameSources } from '../../src/facts/addresses.ts';
import { type FakeDns, startDns } from '../fakes/dns.ts';
import { refusal } from '../fakes/refusal.ts';

const dnsWith = async (t: Test, records: Parameters<typeof startDns>[0]): Promise<FakeDns> => {
  const dns = await startDns(records);
  t.teardown(() => dns.close());
  return dns;
};
const options = { dnsMs: 300, random: () => 0 };
const sources = (dns: FakeDns, lookUp: (name: string) => Promise<readonly string[]> = async () => []) => ({
  ...nameSources(100, [dns.server]),
  lookUp,
});

t.test('both families, sorted', async (t) => {
  const dns = await dnsWith(t, { 'api.example': ['10.0.0.7', '10.0.0.5', 'fd00::5'] });
  t.same(await fetchAddresses(options, 'api.example', undefined, sources(dns)), ['10.0.0.5', '10.0.0.7', 'fd00::5']);
  t.same(dns.questions.toSorted(), ['api.example 1', 'api.example 28']);
});

t.test('the name servers come first: /etc/hosts may hold what an earlier run wrote', async (t) => {
  const dns = await dnsWith(t, { 'api.example': ['10.0.0.9'] });
  const stale = async () => ['10.0.0.5'];
  t.same(await fetchAddresses(options, 'api.example', undefined, sources(dns, stale)), ['10.0.0.9']);
  dns.records.set('api.example', null);
  t.same(await fetchAddresses(options, 'api.example', undefined, sources(dns, stale)), ['10.0.0.5'], 'no way to the region');
  dns.records.delete('api.example');
  t.same(await fetchAddresses(options, 'api.example', undefined, sources(dns, stale)), ['10.0.0.5'], 'a name that only the machine knows');
});

t.test('a name that appears a little later', async (t) => {
  const dns = await dnsWith(t, {});
  let looks = 0;
  const found = fetchAddresses(
    { ...options, dnsMs: 5_000 },
    'api.example',
    undefined,
    sources(dns, async () => {
      looks++;
      dns.records.set('api.example', ['10.0.0.5']);
      return [];
    }),
  );
  t.same(await found, ['10.0.0.5']);
  t.equal(looks, 1);
});

t.test('a name that nobody knows', async (t) => {
  const dns = await dnsWith(t, { 'silent.example': null });
  const remedy =
    'Check the endpoint and DNS on this machine (/etc/resolv.conf), or write a line for the host into /etc/hosts: it is used as it is.';
  t.same(await refusal(fetchAddresses(options, 'no.example', undefined, sources(dns))), [
    'UNAVAILABLE',
    'no address of no.example was found in 0 s: the name servers do not know it',
    remedy,
  ]);
  t.same(await refusal(fetchAddresses(options, 'silent.example', undefined, sources(dns))), [
    'UNAVAILABLE',
    'no address of silent.example was found in 0 s: no name server answers',
    remedy,
  ]);
});

t.test('called off', async (t) => {
  const dns = await dnsWith(t, { 'silent.example': null });
  await t.rejects(fetchAddresses(options, 'silent.example', AbortSignal.abort(new Error('enough')), sources(dns)), { message: 'enough' });
});

t.test('the system’s own way', async (t) => {
  const { lookUp } = nameSources(100);
  t.ok((await lookUp('localhost')).length > 0);
  t.same(await lookUp('no such host'), []);
});

import t from 'tap';
import { createImds } from '../../src/facts/imds.ts';
import { fetchInstanceAddresses } from '../../src/facts/instance-addresses.ts';
import { startFakes } from '../fakes/main.ts';

t.test('of all interfaces', async (t) => {
  const fakes = await startFakes();
  const imds = createImds({ env: fakes.env, random: () => 0.5 });
  t.teardown(async () => {
    await imds.close();
    await fakes.close();
  });
  const macs = 'latest/meta-data/network/interfaces/macs/';
  for (const path of [...fakes.imds.tree.keys()]) if (path.startsWith(macs)) fakes.imds.tree.delete(path);
  fakes.imds.tree.set(`${macs}02:00:00:00:00:01/local-ipv4s`, '10.0.0.1\n10.0.0.2');
  fakes.imds.tree.set(`${macs}02:00:00:00:00:01/public-ipv4s`, '203.0.113.9');
  fakes.imds.tree.set(`${macs}02:00:00:00:00:02/local-ipv4s`, '10.0.1.1');
  fakes.imds.tree.set(`${macs}02:00:00:00:00:02/ipv6s`, '2600:1f14::1\nnonsense');
  t.same([...(await fetchInstanceAddresses(imds))].sort(), ['10.0.0.1', '10.0.0.2', '10.0.1.1', '203.0.113.9', '2600:1f14::1']);
});

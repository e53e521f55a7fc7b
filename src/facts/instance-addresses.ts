/** Every address that EC2 gives this instance, on all of its interfaces. Names are left out: IMDS tells those of DHCP, the EC2 API its own. */
import { isIP } from 'node:net';
import type { Imds } from './imds.ts';

const MACS = 'latest/meta-data/network/interfaces/macs/';
const LEAVES = ['local-ipv4s', 'ipv6s', 'public-ipv4s'];

const lines = (text: string | null): string[] => (text ?? '').split('\n').filter((line) => line !== '');

/** @throws NodeError */
export const fetchInstanceAddresses = async (imds: Imds, signal?: AbortSignal): Promise<readonly string[]> => {
  const macs = lines(await imds.get(MACS, { signal })).map((mac) => mac.replace(/\/$/, ''));
  const paths = macs.flatMap((mac) => LEAVES.map((leaf) => `${MACS}${mac}/${leaf}`));
  const texts = await Promise.all(paths.map((path) => imds.get(path, { signal })));
  return texts.flatMap(lines).filter((text) => isIP(text) !== 0);
};

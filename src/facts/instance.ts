/** Facts of this instance as IMDS tells them. Every value is checked: what stands in units and files must not be a captive portal's HTML. */
import { isIPv4, isIPv6 } from 'node:net';
import type { FactsPatch, InstanceFacts } from '../core/facts.ts';
import type { InterfaceFacts } from '../core/network-interface.ts';
import type { Imds } from './imds.ts';
import { absent, malformed } from './imds-failures.ts';

const REGION = /^[a-z]{2,6}(-[a-z]+){1,3}-\d{1,2}$/;
/** Local and wavelength zones have more parts: `us-west-2-lax-1a`. */
const ZONE = /^[a-z]{2,6}(-[a-z0-9]+){2,6}$/;
const INSTANCE_ID = /^i-[0-9a-f]{8,17}$/;
const INSTANCE_TYPE = /^[a-z0-9-]{1,30}\.[a-z0-9-]{1,30}$/;
export const DOMAIN_PATTERN = /^(?=.{1,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$/;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

const isCidr = (text: string): boolean => {
  const [address = '', prefix = ''] = text.split('/');
  return isIPv4(address) && /^\d{1,2}$/.test(prefix) && Number(prefix) <= 32;
};

const macsPath = (mac: string | undefined, leaf: string): string => {
  if (mac === undefined) throw new Error(`${leaf} asked for before the MAC is known`);
  return `latest/meta-data/network/interfaces/macs/${mac}/${leaf}`;
};

/** @throws NodeError when there is nothing at the path, or something that is not what it should be. */
const demand = async (
  imds: Imds,
  path: string,
  isValid: (text: string) => boolean,
  wanted: string,
  signal?: AbortSignal,
): Promise<string> => {
  const text = await imds.get(path, { mayAppear: true, signal });
  if (text === null) throw absent(path);
  if (!isValid(text)) throw malformed(path, text, wanted);
  return text;
};

/** Lines, or null where IMDS has none. An empty answer is none. */
const list = async (
  imds: Imds,
  path: string,
  isValid: (line: string) => boolean,
  wanted: string,
  signal?: AbortSignal,
): Promise<string[] | null> => {
  const text = await imds.get(path, { signal });
  if (text === null || text.trim() === '') return null;
  const lines = text.split('\n').map((line) => line.trim());
  if (lines.length > 64 || !lines.every(isValid)) throw malformed(path, text, wanted);
  return lines;
};

export const MAC_PATH = 'latest/meta-data/mac';
export const LOCAL_IPV4_PATH = 'latest/meta-data/local-ipv4';
export const IDENTITY_PATH = 'latest/dynamic/instance-identity/document';

/** `{ id, type, region, availabilityZone }` from the identity document, which may appear a moment after boot. */
const fetchIdentity = async (imds: Imds, signal?: AbortSignal): Promise<InstanceFacts> => {
  const text = await imds.get(IDENTITY_PATH, { mayAppear: true, signal });
  if (text === null) throw absent(IDENTITY_PATH);
  const field = fieldsOf(text);
  return {
    id: field('instanceId', INSTANCE_ID),
    type: field('instanceType', INSTANCE_TYPE),
    region: field('region', REGION),
    availabilityZone: field('availabilityZone', ZONE),
  };
};

const fieldsOf = (text: string) => {
  let document: { readonly [name: string]: unknown };
  try {
    document = JSON.parse(text) ?? {};
  } catch (cause) {
    throw malformed(IDENTITY_PATH, text, 'a JSON document', cause);
  }
  return (name: string, pattern: RegExp): string => {
    const value = document[name];
    if (typeof value !== 'string' || !pattern.test(value))
      throw malformed(`${IDENTITY_PATH} (${name})`, JSON.stringify(value) ?? 'nothing', `a valid ${name}`);
    return value;
  };
};

const fetchDomain = (imds: Imds, signal?: AbortSignal): Promise<string> =>
  demand(imds, 'latest/meta-data/services/domain', (text) => DOMAIN_PATTERN.test(text), 'a domain name', signal);

export const fetchRegion = (imds: Imds, signal?: AbortSignal): Promise<string> =>
  demand(imds, 'latest/meta-data/placement/region', (text) => REGION.test(text), 'a region', signal);

const IMDS_FACTS = {
  'instance.identity': fetchIdentity,
  'instance.domain': async (imds, signal) => ({ domain: await fetchDomain(imds, signal) }),
  'instance.mac': async (imds, signal) => ({
    mac: await demand(imds, MAC_PATH, (text) => MAC.test(text), 'a MAC address', signal),
  }),
  'instance.localIpv4': async (imds, signal) => {
    const path = LOCAL_IPV4_PATH; // 404 in an IPv6-only subnet
    const lines = await list(imds, path, isIPv4, 'an IPv4 address', signal);
    if (lines && lines.length > 1) throw malformed(path, lines.join('\n'), 'one IPv4 address');
    return { localIpv4: lines?.[0] ?? null };
  },
  'instance.ipv6s': async (imds, signal, { mac }) => ({
    ipv6s: await list(imds, macsPath(mac, 'ipv6s'), isIPv6, 'a list of IPv6 addresses', signal),
  }),
  'instance.vpcIpv4Cidrs': async (imds, signal, { mac }) => ({
    vpcIpv4Cidrs: await list(imds, macsPath(mac, 'vpc-ipv4-cidr-blocks'), isCidr, 'a list of IPv4 CIDR blocks', signal),
  }),
} satisfies { [fact: string]: (imds: Imds, signal: AbortSignal | undefined, instance: InstanceFacts) => Promise<InstanceFacts> };

export type ImdsFact = keyof typeof IMDS_FACTS;
export const isImdsFact = (fact: string): fact is ImdsFact => Object.hasOwn(IMDS_FACTS, fact);

/** One fact from IMDS; `instance` supplies the MAC where the path needs it. */
export const fetchInstanceFact = async (
  imds: Imds,
  fact: ImdsFact,
  instance: InstanceFacts,
  signal?: AbortSignal,
): Promise<FactsPatch> => ({
  instance: await IMDS_FACTS[fact](imds, signal, instance),
});

/** What IMDS says of an interface of this instance. Instances of one card have no `network-card`. @throws NodeError */
export const fetchInterface = async (imds: Imds, mac: string, signal?: AbortSignal): Promise<Omit<InterfaceFacts, 'isPrimary'>> => {
  const isNumber = (text: string): boolean => /^\d{1,3}$/.test(text);
  const [cards, index, localIpv4s] = await Promise.all([
    list(imds, macsPath(mac, 'network-card'), isNumber, 'the number of a network card', signal),
    demand(imds, macsPath(mac, 'device-number'), isNumber, 'a device number', signal),
    list(imds, macsPath(mac, 'local-ipv4s'), isIPv4, 'a list of IPv4 addresses', signal),
  ]);
  return { mac, networkCard: Number(cards?.[0] ?? 0), deviceIndex: Number(index), localIpv4s: localIpv4s ?? [] };
};

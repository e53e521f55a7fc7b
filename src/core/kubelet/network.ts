/** IP family, cluster DNS and the node's own address. */
import type { Facts } from '../facts.ts';
import { given, inputOf } from '../provenance.ts';
import type { Because, Checked, Decided, Diagnostic, Input } from '../report.ts';
import type { IpFamily, NodeSpec } from '../spec.ts';
import { addressAt, addressOf, addressText, type Cidr, cidrOf, cidrText, contains, overlap } from './cidr.ts';

/** EKS gives the cluster DNS service the tenth address of the service block. */
const DNS_OFFSET = 10;

const refused = (diagnostic: Omit<Diagnostic, 'severity'>): Checked<never> => ({ diagnostics: [{ severity: 'error', ...diagnostic }] });
const warning = (diagnostic: Omit<Diagnostic, 'severity'>): Diagnostic => ({ severity: 'warning', ...diagnostic });

/** True when the user's CIDR flags count: bootstrap.sh replaced them by what DescribeCluster said, whenever it asked. */
const isUndescribed = (spec: NodeSpec): boolean => spec.cluster.endpoint !== undefined;

const FAMILY_CHANGES = [
  '--ip-family says it outright',
  '--service-ipv6-cidr means ipv6',
  'without CA and endpoint, DescribeCluster decides',
];

const familyReason = (spec: NodeSpec, facts: Facts): { readonly value: IpFamily; readonly because: Because } => {
  const { ipFamily, serviceIpv6Cidr } = spec.cluster;
  if (ipFamily !== undefined) {
    return {
      value: ipFamily.value,
      because: { rule: 'ip-family.given', text: 'The IP family was given.', inputs: [given('ipFamily', ipFamily)] },
    };
  }
  if (serviceIpv6Cidr !== undefined) {
    const inputs = [given('serviceIpv6Cidr', serviceIpv6Cidr)];
    return {
      value: 'ipv6',
      because: { rule: 'ip-family.ipv6-cidr', text: 'An IPv6 service CIDR was given, so the family is ipv6.', inputs },
    };
  }
  const described = facts.cluster?.ipFamily;
  if (!isUndescribed(spec) && described) {
    const inputs = [inputOf(facts, 'cluster.ipFamily', described)];
    return { value: described, because: { rule: 'ip-family.described', text: 'The cluster says which IP family it is.', inputs } };
  }
  const text = isUndescribed(spec)
    ? 'CA and endpoint were given, so nobody asked the cluster for its IP family; ipv4 is the default.'
    : 'The cluster does not say which IP family it is; ipv4 is the default.';
  return {
    value: 'ipv4',
    because: { rule: 'ip-family.default', text, inputs: [{ name: 'ipFamily', value: 'ipv4', origin: 'default', at: 'bootstrap.sh' }] },
  };
};

const familyWarnings = (spec: NodeSpec, facts: Facts, family: IpFamily): readonly Diagnostic[] => {
  const diagnostics: Diagnostic[] = [];
  const described = facts.cluster?.ipFamily;
  const said = spec.cluster.ipFamily ?? spec.cluster.serviceIpv6Cidr;
  if (!isUndescribed(spec) && described && described !== family && said) {
    const message = `the node is set up for ${family}, but the cluster says it is ${described}`;
    diagnostics.push(
      warning({ code: 'ip-family-differs', path: said.at, message, remedy: `Leave it out, or say --ip-family ${described}.` }),
    );
  }
  const { serviceIpv4Cidr, dnsIps } = spec.cluster;
  if (family === 'ipv6' && serviceIpv4Cidr !== undefined) {
    const message = `${serviceIpv4Cidr.value} is an IPv4 service CIDR, but the node is set up for ipv6: it is not used`;
    diagnostics.push(
      warning({ code: 'ipv4-cidr-on-ipv6', path: serviceIpv4Cidr.at, message, remedy: 'Leave it out, or say --ip-family ipv4.' }),
    );
  }
  const other = dnsIps?.value.find((ip) => addressOf(ip)?.family !== family);
  if (dnsIps !== undefined && other !== undefined) {
    const message = `${other} is not an ${family} address, but the node is set up for ${family}`;
    diagnostics.push(warning({ code: 'dns-ip-family', path: dnsIps.at, message, remedy: 'Check the address, or say --ip-family.' }));
  }
  return diagnostics;
};

/** The IP family: flag, IPv6 service CIDR, DescribeCluster, ipv4; in this order. */
export const ipFamilyOf = (spec: NodeSpec, facts: Facts): Checked<Decided<IpFamily>> => {
  const { value, because } = familyReason(spec, facts);
  return { value: { key: 'ipFamily', value, because, changes: FAMILY_CHANGES }, diagnostics: familyWarnings(spec, facts, value) };
};

/** The service CIDR that counts for a family, and where it comes from. `text` is undefined when nobody says. */
const serviceCidrOf = (spec: NodeSpec, facts: Facts, family: IpFamily): { readonly text?: string; readonly input?: Input } => {
  const key = family === 'ipv4' ? 'serviceIpv4Cidr' : 'serviceIpv6Cidr';
  if (!isUndescribed(spec) && facts.cluster !== undefined) {
    const text = facts.cluster[key];
    return text === null ? {} : { text, input: inputOf(facts, `cluster.${key}`, text) };
  }
  const said = spec.cluster[key];
  return said === undefined ? {} : { text: said.value, input: given(key, said) };
};

const DNS_CHANGES = [
  '--dns-cluster-ip says it outright',
  'the service CIDR of the cluster (--service-ipv4-cidr, --service-ipv6-cidr, DescribeCluster)',
];

const dnsDecision = (value: readonly string[], because: Because): Decided<string[]> => ({
  key: 'clusterDNS',
  value: [...value],
  because,
  changes: DNS_CHANGES,
});

/** Address 10 of the block. bootstrap.sh appended `a` to an IPv6 network; behind `::` that is the same address, and stays the same text. */
export const dnsText = (cidr: Cidr, text: string): string | undefined => {
  const address = addressAt(cidr, DNS_OFFSET);
  const network = text.slice(0, text.indexOf('/'));
  if (address === undefined) return undefined;
  return network.endsWith('::') && cidr.address.bits === cidr.network.bits ? `${network}a` : addressText(address);
};

const dnsFromCidr = (text: string, input: Input): Checked<Decided<string[]>> => {
  const cidr = cidrOf(text);
  const dns = cidr && dnsText(cidr, text);
  if (cidr === undefined || dns === undefined) {
    const message =
      cidr === undefined ? `'${text}' is not a CIDR block` : `${text} is too small: it has no address ${DNS_OFFSET} for the cluster DNS`;
    return refused({ code: 'invalid-cidr', path: input.at, message, remedy: 'Say the cluster DNS address with --dns-cluster-ip.' });
  }
  const because = {
    rule: 'cluster-dns.service-cidr',
    text: `Address ${DNS_OFFSET} of the service CIDR ${cidrText(cidr)}.`,
    inputs: [input],
  };
  return { value: dnsDecision([dns], because), diagnostics: [] };
};

/** EKS's defaults: 172.20.0.0/16 where the VPC uses 10.0.0.0/8, else 10.100.0.0/16. The old script guessed the same way. */
const guessedDns = (facts: Facts): Checked<Decided<string[]>> => {
  const cidrs = facts.instance.vpcIpv4Cidrs ?? null;
  const ten = cidrs?.find((cidr) => cidr.startsWith('10.'));
  const dns = ten === undefined ? '10.100.0.10' : '172.20.0.10';
  const why = ten === undefined ? 'the VPC has no CIDR in 10.0.0.0/8' : `the VPC's ${ten} lies in 10.0.0.0/8`;
  const text =
    cidrs === null
      ? `Nobody says the service CIDR, and IMDS has no CIDR blocks of the VPC: ${dns} is a guess.`
      : `Nobody says the service CIDR; ${why}, so EKS's default leads to ${dns}.`;
  const inputs: Input[] = [
    inputOf(facts, 'instance.vpcIpv4Cidrs', cidrs),
    { name: 'clusterDNS', value: dns, origin: 'fallback', at: "EKS's default service CIDRs" },
  ];
  const diagnostics =
    cidrs === null
      ? [
          warning({
            code: 'guessed-cluster-dns',
            path: '--service-ipv4-cidr',
            message: `the cluster DNS address ${dns} is a guess: neither the service CIDR nor the VPC's CIDR blocks are known`,
            remedy: 'Give --service-ipv4-cidr or --dns-cluster-ip.',
          }),
        ]
      : [];
  return { value: dnsDecision([dns], { rule: 'cluster-dns.vpc-guess', text, inputs }), diagnostics };
};

const overlapWarnings = (spec: NodeSpec, facts: Facts): readonly Diagnostic[] => {
  const { text, input } = serviceCidrOf(spec, facts, 'ipv4');
  const service = text === undefined ? undefined : cidrOf(text);
  const vpc = facts.instance.vpcIpv4Cidrs?.find((block) => {
    const cidr = cidrOf(block);
    return service !== undefined && cidr !== undefined && overlap(service, cidr);
  });
  if (input === undefined || vpc === undefined) return [];
  const message = `the service CIDR ${text} overlaps ${vpc} of the VPC`;
  return [
    warning({
      code: 'service-cidr-in-vpc',
      path: input.at,
      message,
      remedy: "Give the cluster's service CIDR, not the VPC's: see `aws eks describe-cluster`.",
    }),
  ];
};

/** A DNS address outside the service CIDR that we know of cannot be the cluster's DNS service. */
const outsideWarnings = (spec: NodeSpec, facts: Facts, family: IpFamily): readonly Diagnostic[] => {
  const { dnsIps } = spec.cluster;
  const { text } = serviceCidrOf(spec, facts, family);
  const cidr = text === undefined ? undefined : cidrOf(text);
  // 169.254.20.10 is where NodeLocal DNSCache listens.
  const stray = dnsIps?.value.find((ip) => {
    const address = addressOf(ip);
    return cidr && address && address.family === family && !contains(cidr, address) && !ip.startsWith('169.254.') && !/^fe80:/i.test(ip);
  });
  if (dnsIps === undefined || stray === undefined) return [];
  return [
    warning({
      code: 'dns-ip-outside',
      path: dnsIps.at,
      message: `${stray} lies outside the service CIDR ${text}`,
      remedy: 'Check the address, unless a DNS cache of your own listens there.',
    }),
  ];
};

/** clusterDNS of the kubelet: the addresses given, else address 10 of the service CIDR, else (IPv4) a guess by the VPC's CIDR blocks. */
export const clusterDnsOf = (spec: NodeSpec, facts: Facts, family: IpFamily): Checked<Decided<string[]>> => {
  const { dnsIps } = spec.cluster;
  const warnings = [...overlapWarnings(spec, facts), ...outsideWarnings(spec, facts, family)];
  if (dnsIps !== undefined) {
    const because = { rule: 'cluster-dns.given', text: 'The cluster DNS was given.', inputs: [given('dnsIps', dnsIps)] };
    return { value: dnsDecision(dnsIps.value, because), diagnostics: warnings };
  }
  const { text, input } = serviceCidrOf(spec, facts, family);
  const decided = text !== undefined && input !== undefined ? dnsFromCidr(text, input) : family === 'ipv4' ? guessedDns(facts) : noIpv6Cidr;
  return { ...decided, diagnostics: [...decided.diagnostics, ...warnings] };
};

const noIpv6Cidr = refused({
  code: 'no-ipv6-cidr',
  path: '--service-ipv6-cidr',
  message: 'One of --service-ipv6-cidr or --dns-cluster-ip must be provided when --ip-family is ipv6',
  remedy: 'Give one of them; the cluster itself has no IPv6 service CIDR, so check that it is an IPv6 cluster.',
});

const NODE_IP_CHANGES = ['--ip-family chooses between the IPv4 and the IPv6 address', 'another primary network interface'];

const noAddress = (facts: Facts): Checked<never> => {
  // Asked first: an IPv6 address does not make up for it.
  if (facts.instance.localIpv4 !== null) {
    return refused({
      code: 'no-ipv6-address',
      path: 'instance.ipv6s',
      message: `the primary network interface (${facts.instance.mac ?? 'MAC unknown'}) has no IPv6 address, but the cluster is ipv6`,
      remedy: 'Launch the instance in a subnet that assigns IPv6 addresses (auto-assign IPv6), or assign one to its first interface.',
    });
  }
  return refused({
    code: 'ipv6-only-subnet',
    path: 'instance.localIpv4',
    message: 'the instance has no IPv4 address: its subnet is IPv6-only, and EKS nodes need one, in IPv6 clusters too',
    remedy: 'Launch it in a subnet with IPv4 addresses; for an IPv6 cluster in a dual-stack subnet.',
  });
};

/** The node's address: `local-ipv4`, or the first IPv6 address of the primary interface. Without an IPv4 address there is none in either family. */
export const nodeIpOf = (_spec: NodeSpec, facts: Facts, family: IpFamily): Checked<Decided<string>> => {
  const all = family === 'ipv4' ? [facts.instance.localIpv4 ?? undefined] : (facts.instance.ipv6s ?? []);
  const [ip] = all;
  if (ip === undefined || facts.instance.localIpv4 === null) return noAddress(facts);
  const path = family === 'ipv4' ? 'instance.localIpv4' : 'instance.ipv6s';
  const several = all.length > 1;
  const text = several
    ? // cloud-provider-aws reports the first address of each interface; another one would never match the node's status.
      `First of the ${all.length} IPv6 addresses of the primary network interface, as IMDS lists them: the cloud controller takes the first, too.`
    : `The ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address of the primary network interface.`;
  const because = {
    rule: `node-ip.${family}`,
    text,
    inputs: [inputOf(facts, path, family === 'ipv4' ? ip : [...(facts.instance.ipv6s ?? [])])],
  };
  return { value: { key: 'nodeIp', value: ip, because, changes: NODE_IP_CHANGES }, diagnostics: [] };
};

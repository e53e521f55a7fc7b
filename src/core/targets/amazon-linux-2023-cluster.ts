/** Which cluster an Amazon Linux 2023 node joins. What was said of it counts, one by one; what was not is as DescribeCluster says. */
import { bytesOfBase64, textOfUtf8 } from '../base64.ts';
import type { Certificate } from '../certificate.ts';
import { type Bundle, bundleOf, statusErrors, validityDiagnostics } from '../cluster.ts';
import { urlFaultOf } from '../config/bootstrap-flags-values.ts';
import type { ClusterFacts, Facts } from '../facts.ts';
import { addressOf, cidrOf, cidrText, overlap } from '../kubelet/cidr.ts';
import { dnsText } from '../kubelet/network.ts';
import { clusterIdOf } from '../outpost.ts';
import { given, inputOf } from '../provenance.ts';
import {
  type Because,
  type Checked,
  type Decided,
  type Diagnostic,
  errorAt,
  hasErrors,
  type Input,
  type Sourced,
  warningAt,
} from '../report.ts';
import type { AmazonLinux2023Spec, IpFamily } from '../spec.ts';
import { wordsOf } from './amazon-linux-2023-words.ts';

const saidCidr = ({ cluster }: AmazonLinux2023Spec): Sourced<string> | undefined => cluster.serviceIpv6Cidr ?? cluster.serviceIpv4Cidr;
const saysDns = (spec: AmazonLinux2023Spec): boolean => spec.cluster.dnsIps !== undefined || saidCidr(spec) !== undefined;

/** bootstrap.sh guessed the cluster DNS of who gave CA and endpoint and nothing else. */
const guesses = (spec: AmazonLinux2023Spec): boolean =>
  spec.options.language === 'bootstrap.sh' && spec.cluster.endpoint !== undefined && !saysDns(spec);

/** Is anything missing that only EKS can say? */
export const needsDescription = (spec: AmazonLinux2023Spec): boolean =>
  spec.options.describesCluster.value &&
  (spec.cluster.endpoint === undefined || spec.cluster.certificateAuthority === undefined || (!saysDns(spec) && !guesses(spec)));

/** The IP family as far as it can be told; undefined: DescribeCluster decides, and has not answered. */
export const knownFamilyOf = (spec: AmazonLinux2023Spec, facts: Facts): IpFamily | undefined => {
  const { ipFamily, dnsIps, serviceIpv6Cidr } = spec.cluster;
  if (ipFamily !== undefined) return ipFamily.value;
  if (serviceIpv6Cidr !== undefined) return 'ipv6';
  const said = saidCidr(spec) === undefined ? addressOf(dnsIps?.value[0] ?? '')?.family : 'ipv4';
  if (said !== undefined || !needsDescription(spec)) return said ?? 'ipv4';
  return facts.cluster === undefined ? undefined : (facts.cluster.ipFamily ?? 'ipv4');
};

/** What the CIDR blocks of the VPC are for: a guess, NO_PROXY, or to see whether the service CIDR is mistaken for them; undefined: nothing. */
export const looksAtVpc = (spec: AmazonLinux2023Spec): 'guess' | 'proxy' | 'check' | undefined => {
  if (guesses(spec)) return 'guess';
  if (spec.options.extras.proxy !== undefined) return 'proxy';
  return spec.cluster.serviceIpv4Cidr === undefined ? undefined : 'check';
};

const described = (spec: AmazonLinux2023Spec, facts: Facts): ClusterFacts | undefined => {
  if (!needsDescription(spec)) return undefined;
  if (facts.cluster === undefined) throw new Error('cluster is not known yet');
  return facts.cluster;
};

export interface ClusterDecisions {
  readonly name: Decided<string>;
  readonly endpoint: Decided<string>;
  /** base64 of PEM. */
  readonly certificateAuthority: Decided<string>;
  readonly pem: string;
  readonly certificates: readonly Certificate[];
}

interface Found {
  readonly input: Input;
  readonly isDescribed: boolean;
}

/** A field of the cluster: as said, else as described; undefined: neither, which is an error. */
const fieldOf = (spec: AmazonLinux2023Spec, facts: Facts, key: 'endpoint' | 'certificateAuthority'): Found | undefined => {
  const said = spec.cluster[key];
  if (said !== undefined) return { input: given(key, said), isDescribed: false };
  const cluster = described(spec, facts);
  return cluster && { input: inputOf(facts, `cluster.${key}`, cluster[key]), isDescribed: true };
};

const missing = (spec: AmazonLinux2023Spec, what: string, word: string): Diagnostic =>
  errorAt(
    'missing-cluster-field',
    spec.options.describesCluster.at,
    `${what} missing in cluster configuration, and EKS is not to be asked`,
    `Give ${word}, or let EKS be asked.`,
  );

/** What stands there although EKS says otherwise: said only where EKS was asked for something else anyway. */
const contradictions = (spec: AmazonLinux2023Spec, facts: Facts): readonly Diagnostic[] => {
  const cluster = described(spec, facts);
  if (cluster === undefined) return [];
  const pairs = [
    { said: spec.cluster.endpoint, really: cluster.endpoint },
    { said: spec.cluster.serviceIpv4Cidr, really: cluster.serviceIpv4Cidr },
    { said: spec.cluster.serviceIpv6Cidr, really: cluster.serviceIpv6Cidr },
  ];
  return pairs.flatMap(({ said, really }) => {
    if (said === undefined || said.value === really) return [];
    const message = `${said.value} is used, but DescribeCluster says ${really ?? 'that the cluster has none'}`;
    return [warningAt('cluster-field-differs', said.at, message, 'Leave it out, unless it is meant.')];
  });
};

/** What nodeadm writes as it was given: the document's own checks call it an error where they are strict. */
const TAKEN_BY_NODEADM = new Set(['invalid-url', 'not-pem', 'not-a-certificate']);

const asNodeadm = (spec: AmazonLinux2023Spec, found: Found | undefined, diagnostics: readonly Diagnostic[]): readonly Diagnostic[] =>
  spec.options.language === 'node-config' && found?.isDescribed === false
    ? diagnostics.map((one) => (TAKEN_BY_NODEADM.has(one.code) ? { ...one, severity: 'warning' } : one))
    : diagnostics;

/** The bundle; of a text that is none, where nodeadm would take it, the text alone. */
const takenBundleOf = (spec: AmazonLinux2023Spec, authority: Found): Checked<Bundle> => {
  const text = String(authority.input.value);
  const { value, diagnostics: found } = bundleOf(text, authority.input.at);
  const diagnostics = asNodeadm(spec, authority, found);
  if (value !== undefined) return { value, diagnostics };
  const pem = textOfUtf8(bytesOfBase64(text) ?? new Uint8Array());
  return pem === undefined || hasErrors(diagnostics) ? { diagnostics } : { value: { pem, certificates: [] }, diagnostics };
};

/** Name, endpoint and certificate authority. Errors: what is missing, a cluster that no node can join, a CA that has expired. */
export const clusterOf2023 = (spec: AmazonLinux2023Spec, facts: Facts): Checked<ClusterDecisions> => {
  const words = wordsOf(spec);
  const cluster = described(spec, facts);
  const endpoint = fieldOf(spec, facts, 'endpoint');
  const authority = fieldOf(spec, facts, 'certificateAuthority');
  const diagnostics: Diagnostic[] = [...(cluster ? statusErrors(cluster) : []), ...contradictions(spec, facts)];
  if (endpoint === undefined) diagnostics.push(missing(spec, 'API server endpoint', words.endpoint));
  if (authority === undefined) diagnostics.push(missing(spec, 'certificate authority', words.certificateAuthority));
  const fault = endpoint && urlFaultOf(String(endpoint.input.value));
  if (endpoint !== undefined && fault !== undefined && (cluster === undefined || cluster.status !== 'CREATING'))
    diagnostics.push(
      ...asNodeadm(spec, endpoint, [
        errorAt('invalid-url', endpoint.input.at, fault, 'Give the https URL that `aws eks describe-cluster` prints.'),
      ]),
    );
  const bundle = authority && takenBundleOf(spec, authority);
  diagnostics.push(...(bundle?.diagnostics ?? []));
  if (bundle?.value !== undefined)
    diagnostics.push(...validityDiagnostics(bundle.value.certificates, authority?.input.at ?? '', facts.now));
  if (endpoint === undefined || authority === undefined || bundle?.value === undefined) return { diagnostics };
  const decided = (key: string, rule: string, { input, isDescribed }: Found, word: string): Decided<string> => ({
    key,
    value: String(input.value),
    because: { rule: `cluster.${rule}`, text: isDescribed ? 'Not given: as DescribeCluster says.' : 'As given.', inputs: [input] },
    changes: [word],
  });
  const value = {
    name: decided('clusterName', 'name', { input: given('clusterName', spec.cluster.name), isDescribed: false }, 'another cluster name'),
    endpoint: decided('endpoint', 'endpoint', endpoint, words.endpoint),
    certificateAuthority: decided('certificateAuthority', 'certificate-authority', authority, words.certificateAuthority),
    ...bundle.value,
  };
  return diagnostics.some(({ severity }) => severity === 'error') ? { diagnostics } : { value, diagnostics };
};

/** Id of a local cluster on an Outpost; null: it is none. */
export const clusterIdOf2023 = (spec: AmazonLinux2023Spec, facts: Facts): Checked<Decided<string | null>> => {
  const { value, diagnostics } = clusterIdOf(spec, facts);
  const { clusterId, enableOutpost } = wordsOf(spec);
  if (value !== undefined) return { value: { ...value, changes: [enableOutpost, clusterId] }, diagnostics };
  return {
    diagnostics: diagnostics.map((one) =>
      one.code === 'no-cluster-id'
        ? { ...one, message: 'Cluster ID must be provided for local clusters on an Outpost', remedy: `Give ${clusterId}.` }
        : one,
    ),
  };
};

/** The family of the node's address. */
export const ipFamilyOf2023 = (spec: AmazonLinux2023Spec, facts: Facts): Decided<IpFamily> => {
  const value = knownFamilyOf(spec, facts) ?? 'ipv4';
  const { ipFamily, dnsIps } = spec.cluster;
  const cidr = saidCidr(spec);
  const said = ipFamily ?? cidr ?? dnsIps;
  const family = facts.cluster?.ipFamily ?? null;
  const because: Because =
    said !== undefined
      ? { rule: 'ip-family.given', text: 'The family of what was given.', inputs: [given(cidr ? 'serviceCidr' : 'ipFamily', said)] }
      : needsDescription(spec)
        ? {
            rule: 'ip-family.described',
            text: 'The cluster says which IP family it is.',
            inputs: [inputOf(facts, 'cluster.ipFamily', family)],
          }
        : { rule: 'ip-family.default', text: 'Nobody says the IP family; ipv4 is the default.', inputs: [] };
  return { key: 'ipFamily', value, because, changes: [wordsOf(spec).serviceCidr] };
};

const vpcWarnings = (spec: AmazonLinux2023Spec, facts: Facts): readonly Diagnostic[] => {
  const said = spec.cluster.serviceIpv4Cidr;
  const service = said && cidrOf(said.value);
  const vpc = facts.instance.vpcIpv4Cidrs?.find((text) => {
    const block = cidrOf(text);
    return service !== undefined && block !== undefined && overlap(service, block);
  });
  if (said === undefined || vpc === undefined) return [];
  const remedy = "Give the cluster's service CIDR, not that of the VPC or the pods: see `aws eks describe-cluster`.";
  return [warningAt('service-cidr-in-vpc', said.at, `the service CIDR ${said.value} overlaps ${vpc} of the VPC`, remedy)];
};

/** clusterDNS of the kubelet: address 10 of the service CIDR. */
export const clusterDnsOf2023 = (spec: AmazonLinux2023Spec, facts: Facts, family: IpFamily): Checked<Decided<string[]>> => {
  const decided = (value: readonly string[], rule: string, text: string, inputs: readonly Input[]): Decided<string[]> => ({
    key: 'clusterDNS',
    value: [...value],
    because: { rule: `cluster-dns.${rule}`, text, inputs },
    changes: [wordsOf(spec).serviceCidr],
  });
  const { dnsIps } = spec.cluster;
  if (dnsIps !== undefined) {
    return {
      value: decided(dnsIps.value, 'given', 'The cluster DNS was given.', [given('dnsIps', dnsIps)]),
      diagnostics: vpcWarnings(spec, facts),
    };
  }
  const input = serviceCidrOf(spec, facts, family);
  if (input === undefined)
    return guesses(spec) ? guessed(facts, decided) : { diagnostics: [missing(spec, 'service CIDR', wordsOf(spec).serviceCidr)] };
  const text = String(input.value);
  const cidr = cidrOf(text);
  const dns = cidr && dnsText(cidr, text);
  if (cidr === undefined || dns === undefined) {
    const message = cidr === undefined ? `'${text}' is not a CIDR block` : `${text} is too small: it has no address 10 for the cluster DNS`;
    return { diagnostics: [errorAt('invalid-cidr', input.at, message, "Give the cluster's service CIDR, as in 10.100.0.0/16.")] };
  }
  const value = decided([dns], 'service-cidr', `Address 10 of the service CIDR ${cidrText(cidr)}.`, [input]);
  return { value, diagnostics: vpcWarnings(spec, facts) };
};

const serviceCidrOf = (spec: AmazonLinux2023Spec, facts: Facts, family: IpFamily): Input | undefined => {
  const key = family === 'ipv4' ? 'serviceIpv4Cidr' : 'serviceIpv6Cidr';
  const said = spec.cluster[key];
  if (said !== undefined) return given(key, said);
  const value = described(spec, facts)?.[key] ?? undefined;
  return value === undefined ? undefined : inputOf(facts, `cluster.${key}`, value);
};

type Decide = (value: readonly string[], rule: string, text: string, inputs: readonly Input[]) => Decided<string[]>;

/** EKS's defaults: 172.20.0.0/16 where the VPC uses 10.0.0.0/8, else 10.100.0.0/16 (bootstrap.sh). */
const guessed = (facts: Facts, decided: Decide): Checked<Decided<string[]>> => {
  const cidrs = facts.instance.vpcIpv4Cidrs ?? null;
  const dns = cidrs?.some((cidr) => cidr.startsWith('10.')) ? '172.20.0.10' : '10.100.0.10';
  const text = `Nobody says the service CIDR; by the CIDR blocks of the VPC EKS's default leads to ${dns}.`;
  const inputs: Input[] = [
    inputOf(facts, 'instance.vpcIpv4Cidrs', cidrs),
    { name: 'clusterDNS', value: dns, origin: 'fallback', at: "EKS's default service CIDRs" },
  ];
  return { value: decided([dns], 'vpc-guess', text, inputs), diagnostics: [] };
};

/** Which cluster: its name, endpoint and certificate authority, from the user or from DescribeCluster. */
import { bytesOfBase64, textOfUtf8 } from './base64.ts';
import { type Certificate, certificatesOf } from './certificate.ts';
import { urlFaultOf } from './config/bootstrap-flags-values.ts';
import type { ClusterFacts, Facts } from './facts.ts';
import { given, inputOf } from './provenance.ts';
import { type Checked, type Decided, type Diagnostic, errorAt, hasErrors, type Input, warningAt } from './report.ts';
import type { NodeSpec } from './spec.ts';

export interface Cluster {
  readonly name: Decided<string>;
  readonly endpoint: Decided<string>;
  /** base64 of PEM. */
  readonly certificateAuthority: Decided<string>;
  /** The text of ca.crt, and what stands in it. */
  readonly pem: string;
  readonly certificates: readonly Certificate[];
}

/** States in which a node can join. */
const USABLE = new Set(['ACTIVE', 'UPDATING']);

export const statusErrors = ({ name, status }: ClusterFacts): readonly Diagnostic[] => {
  const errors: Diagnostic[] = [];
  if (status === 'DELETING' || status === 'FAILED') {
    errors.push(
      errorAt('cluster-unusable', 'cluster.status', `the cluster ${name} is ${status}: no node can join it`, 'Name another cluster.'),
    );
  } else if (!USABLE.has(status)) {
    errors.push(
      errorAt('cluster-not-active', 'cluster.status', `the cluster ${name} is ${status}, not ACTIVE`, 'Try again when it is ACTIVE.'),
    );
  }
  return errors;
};

/** What a user said and DescribeCluster says otherwise; the latter stands, as it always did. */
const differences = (spec: NodeSpec, cluster: ClusterFacts): readonly Diagnostic[] => {
  const warnings: Diagnostic[] = [];
  if (cluster.name !== spec.cluster.name.value) {
    const message = `DescribeCluster answered for a cluster named ${cluster.name}, but the node is to join ${spec.cluster.name.value}`;
    warnings.push(
      warningAt('cluster-name-differs', spec.cluster.name.at, message, 'Check the cluster name; tokens are made for the one given.'),
    );
  }
  for (const key of ['serviceIpv4Cidr', 'serviceIpv6Cidr'] as const) {
    const said = spec.cluster[key];
    // An IPv4 CIDR on an IPv6 cluster has a warning of its own.
    const isOtherFamily = key === 'serviceIpv4Cidr' && cluster.ipFamily === 'ipv6';
    if (said === undefined || said.value === cluster[key] || isOtherFamily) continue;
    const message = `${said.value} is not used: the cluster was described, and says ${cluster[key] ?? 'that it has none'}`;
    warnings.push(
      warningAt('service-cidr-overwritten', said.at, message, 'Leave it out, or give --apiserver-endpoint and --b64-cluster-ca, too.'),
    );
  }
  return warnings;
};

const CA_REMEDY = 'Use the value of `aws eks describe-cluster --query cluster.certificateAuthority.data`.';

export interface Bundle {
  readonly pem: string;
  readonly certificates: readonly Certificate[];
}

/** The bundle that a base64 text holds. `at`: where the text stands. */
export const bundleOf = (text: string, at: string): Checked<Bundle> => {
  const bytes = bytesOfBase64(text);
  const pem = bytes && textOfUtf8(bytes);
  if (pem === undefined)
    return { diagnostics: [errorAt('invalid-base64', at, 'the certificate authority is not base64 of a PEM text', CA_REMEDY)] };
  const certificates = certificatesOf(pem);
  return 'code' in certificates
    ? { diagnostics: [errorAt(certificates.code, at, `the certificate authority ${certificates.message}`, CA_REMEDY)] }
    : { value: { pem, certificates }, diagnostics: [] };
};

/** What is wrong with the certificates at this time. `now` is ISO 8601. */
export const validityDiagnostics = (certificates: readonly Certificate[], at: string, now: string): readonly Diagnostic[] => {
  const clock = Date.parse(now);
  const expired = certificates.filter(({ notAfter }) => Date.parse(notAfter) < clock);
  const early = certificates.find(({ notBefore }) => Date.parse(notBefore) > clock);
  const oldest = expired[0];
  if (oldest !== undefined && expired.length === certificates.length) {
    return [
      errorAt(
        'expired-certificate',
        at,
        `the certificate authority expired on ${oldest.notAfter}; the clock says ${now}`,
        `Check the clock. ${CA_REMEDY}`,
      ),
    ];
  }
  const diagnostics: Diagnostic[] = [];
  if (oldest !== undefined) {
    const message = `${expired.length} of ${certificates.length} certificates of the certificate authority expired, one on ${oldest.notAfter}`;
    diagnostics.push(warningAt('expired-certificate', at, message, CA_REMEDY));
  }
  // Not an error: a clock that is late at boot is put right by chrony, and the kubelet tries until then.
  if (early !== undefined) {
    const message = `the certificate authority is valid from ${early.notBefore} on, but the clock says ${now}`;
    diagnostics.push(warningAt('early-certificate', at, message, 'Check the clock of the instance (chronyc tracking).'));
  }
  return diagnostics;
};

interface Source {
  readonly endpoint: Input;
  readonly certificateAuthority: Input;
  readonly text: string;
  /** Where a wrong certificate authority is reported. */
  readonly at: string;
  readonly diagnostics: readonly Diagnostic[];
}

const sourceOf = (spec: NodeSpec, facts: Facts): Source => {
  const { endpoint, certificateAuthority } = spec.cluster;
  if (endpoint !== undefined && certificateAuthority !== undefined) {
    return {
      endpoint: given('endpoint', endpoint),
      certificateAuthority: given('certificateAuthority', certificateAuthority),
      text: 'Endpoint and certificate authority were given, so the cluster is not described.',
      at: certificateAuthority.at,
      diagnostics: [],
    };
  }
  const { cluster } = facts;
  if (cluster === undefined) throw new Error('cluster is not known yet');
  const fault = urlFaultOf(cluster.endpoint);
  return {
    endpoint: inputOf(facts, 'cluster.endpoint', cluster.endpoint),
    certificateAuthority: inputOf(facts, 'cluster.certificateAuthority', cluster.certificateAuthority),
    text: 'As DescribeCluster says.',
    at: 'cluster.certificateAuthority',
    diagnostics: [
      ...statusErrors(cluster),
      ...differences(spec, cluster),
      ...(fault === undefined || !USABLE.has(cluster.status)
        ? []
        : [errorAt('invalid-url', 'cluster.endpoint', fault, 'Ask again: DescribeCluster should name an https URL.')]),
    ],
  };
};

/** Name, endpoint and certificate authority. Errors: a cluster no node can join, a CA that is none or has expired. */
export const clusterOf = (spec: NodeSpec, facts: Facts): Checked<Cluster> => {
  const { name } = spec.cluster;
  const source = sourceOf(spec, facts);
  if (hasErrors(source.diagnostics)) return { diagnostics: source.diagnostics };
  const bundle = bundleOf(String(source.certificateAuthority.value), source.at);
  const validity = bundle.value ? validityDiagnostics(bundle.value.certificates, source.at, facts.now) : [];
  const diagnostics = [...source.diagnostics, ...bundle.diagnostics, ...validity];
  if (hasErrors(diagnostics) || bundle.value === undefined) return { diagnostics };
  const changes = ['--apiserver-endpoint together with --b64-cluster-ca', 'without them, what DescribeCluster says'];
  const decided = (key: string, rule: string, input: Input): Decided<string> => ({
    key,
    value: String(input.value),
    because: { rule: `cluster.${rule}`, text: source.text, inputs: [input] },
    changes,
  });
  return {
    value: {
      name: {
        key: 'clusterName',
        value: name.value,
        because: { rule: 'cluster.name', text: 'The cluster was named.', inputs: [given('clusterName', name)] },
        changes: ['another name on the command line'],
      },
      endpoint: decided('endpoint', 'endpoint', source.endpoint),
      certificateAuthority: decided('certificateAuthority', 'certificate-authority', source.certificateAuthority),
      ...bundle.value,
    },
    diagnostics,
  };
};

/** The way to the API server, a step at a time: kubeconfig, name, port, certificate, answer. */
import { NodeError } from '../core/errors.ts';
import { type Check, type Finding, fail, pass, skip } from './check.ts';
import type { Probes } from './probes.ts';

const EKS = 'https://docs.aws.amazon.com/eks/latest/userguide';
const TROUBLE = `${EKS}/troubleshooting.html`;

const kubeconfig: Check = {
  id: 'kubeconfig',
  title: 'the kubelet’s kubeconfig names an API server and its CA',
  reach: 'files',
  after: [],
  deadlineMs: 5_000,
  link: `${EKS}/create-kubeconfig.html`,
  run: async (probes) => {
    const found = await probes.kubeconfig().catch((error: unknown) => {
      if (error instanceof NodeError && error.message.startsWith('there is no kubeconfig')) return error.message;
      throw error;
    });
    if (typeof found === 'string')
      return fail(
        found,
        'Run `bootwright bootstrap CLUSTER` or `bootwright init`: they write it; /var/log/cloud-init-output.log tells why user data did not.',
      );
    const { server, path } = found;
    const ca = await probes.authorities();
    const count = ca?.split('-----BEGIN CERTIFICATE-----').length;
    if (count === 1)
      return fail(
        `the certificate authority that ${path} names holds no certificate`,
        'Run `bootwright bootstrap` again: it writes the CA that DescribeCluster gives.',
      );
    return pass(`${server} in ${path}, ${count === undefined ? 'the system’s CAs' : `${count - 1} CA${count === 2 ? '' : 's'}`}`);
  },
};

/** Where the API server is. */
const targetOf = async ({ kubeconfig: read, proxyFor }: Probes) => {
  const { server, serverName } = await read();
  const { hostname, port } = new URL(server);
  const host = hostname.replace(/^\[|\]$/g, '');
  return { host, port: Number(port) || 443, ...(serverName ? { servername: serverName } : {}), proxy: proxyFor(server) };
};

const byProxy = (proxy: string): Finding => skip(`reached by the proxy ${proxy}`);

const isPrivate = (address: string): boolean =>
  /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd])/i.test(address);
const kindOf = (addresses: readonly string[]): string => (addresses.every(isPrivate) ? 'private' : 'public');

const DNS_REMEDY =
  'Enable DNS support and DNS hostnames in the VPC and use AmazonProvidedDNS (DHCP option set), or a resolver that forwards to it; see whether the name in the kubeconfig is the cluster’s endpoint.';

const dnsEndpoint: Check = {
  id: 'dns-endpoint',
  title: 'the name of the API server resolves',
  reach: 'network',
  after: ['kubeconfig'],
  deadlineMs: 12_000,
  link: `${EKS}/cluster-endpoint.html`,
  run: async (probes) => {
    const { host, proxy } = await targetOf(probes);
    if (proxy !== undefined) return byProxy(proxy);
    const found = await probes.lookUp(host);
    if ('failure' in found)
      return fail(
        `no name server answers for ${host} (${found.failure})`,
        'Check /etc/resolv.conf, and that port 53 (UDP and TCP) is open to the name server.',
      );
    return found.length === 0 ? fail(`there is no name ${host}`, DNS_REMEDY) : pass(`${host} is ${found.join(', ')} (${kindOf(found)})`);
  },
};

const tcpRemedy = (addresses: readonly string[]): string =>
  kindOf(addresses) === 'private'
    ? 'It is a private address: the cluster’s security group must allow port 443 from the node’s; see also network ACLs and routes.'
    : 'It is a public address: the subnet needs a way out (NAT gateway, or Internet gateway and a public address), and publicAccessCidrs must hold the address that it goes out by; or enable the private endpoint.';

const tcpEndpoint: Check = {
  id: 'tcp-endpoint',
  title: 'the API server takes connections',
  reach: 'network',
  after: ['dns-endpoint'],
  deadlineMs: 10_000,
  link: `${EKS}/sec-group-reqs.html`,
  run: async (probes, signal) => {
    const { host, port, proxy } = await targetOf(probes);
    if (proxy !== undefined) return byProxy(proxy);
    const answer = await probes.tcp(host, port, signal);
    if (answer.ok) return pass(`connected to ${answer.address} port ${port}`);
    const addresses = await probes.lookUp(host);
    const where = `${host} port ${port}`;
    if (answer.kind === 'refused')
      return fail(
        `${where} refuses connections`,
        'Something answers there, and it is no API server: compare the kubeconfig’s server with `aws eks describe-cluster`.',
      );
    return fail(`${where} cannot be connected to (${answer.text})`, tcpRemedy('failure' in addresses ? [] : addresses));
  },
};

const DATES: readonly string[] = ['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED'];

const tlsEndpoint: Check = {
  id: 'tls-endpoint',
  title: 'its certificate is of the cluster’s CA',
  reach: 'network',
  after: ['tcp-endpoint'],
  deadlineMs: 10_000,
  link: TROUBLE,
  run: async (probes, signal) => {
    const { proxy, ...target } = await targetOf(probes);
    if (proxy !== undefined) return byProxy(proxy);
    const answer = await probes.tls({ ...target, ca: await probes.authorities() }, signal);
    if (answer.ok) return pass('the CA of the kubeconfig vouches for it');
    if (DATES.includes(answer.code))
      return fail(
        `its certificate is not valid now: ${answer.text}`,
        'Compare `date -u` with the true time: use chrony with 169.254.169.123.',
      );
    if (answer.issuer === '')
      return fail(
        `no TLS handshake: ${answer.text}`,
        'Something between here and the API server ends the connection, or another server answers there.',
      );
    return fail(
      `${answer.text} (${answer.code}); what is presented was issued by ${answer.issuer}`,
      'CA and endpoint in the kubeconfig must be those of one cluster (`aws eks describe-cluster`); or a proxy that inspects TLS stands between, the issuer tells; or the cluster’s CA was rotated.',
    );
  },
};

const apiAlive: Check = {
  id: 'api-alive',
  title: 'the API server answers requests',
  reach: 'network',
  after: ['tls-endpoint'],
  deadlineMs: 12_000,
  link: TROUBLE,
  run: async (probes, signal) => {
    const answer = await probes.anonymous('/livez', signal);
    if (!answer.ok)
      return fail(answer.text, 'Something between here and the API server cuts connections; see the proxy’s settings, and try again.');
    // To those it does not know it answers 403, since 1.32 401.
    if (answer.status === 200 || answer.status === 401 || answer.status === 403) return pass(`it answers (${answer.status} to a stranger)`);
    return fail(
      `it answers ${answer.status} to GET /livez`,
      answer.status >= 500
        ? 'The API server has trouble of its own: see the cluster’s health in the EKS console.'
        : 'Something else answers in its place: a proxy, a load balancer.',
    );
  },
};

export const KUBECONFIG_CHECKS: readonly Check[] = [kubeconfig];
export const ENDPOINT_CHECKS: readonly Check[] = [dnsEndpoint, tcpEndpoint, tlsEndpoint, apiAlive];

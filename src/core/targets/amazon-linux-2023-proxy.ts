/** One proxy for all that a node runs: `spec.bootwright.proxy` as variables of containerd, the kubelet and bootwright itself. */
import type { Facts } from '../facts.ts';
import type { AmazonLinux2023Spec, Environment } from '../spec.ts';

/** What is never asked through a proxy: this machine, IMDS at both of its addresses, names inside the cluster. */
const LOCAL = ['localhost', '127.0.0.1', '::1', '169.254.169.254', 'fd00:ec2::254', '.svc', '.cluster.local'];

type Variables = { readonly [variable: string]: string };

/** Go looks at the names in upper case first; curl knows http_proxy in lower case only. */
const variablesOf = (spec: AmazonLinux2023Spec, hosts: readonly string[]): Variables => {
  const proxy = spec.options.extras.proxy?.value;
  if (proxy === undefined) return {};
  const { http, https, noProxy = [] } = proxy;
  if (!http && !https) return {};
  const variables = {
    ...(http ? { HTTP_PROXY: http, http_proxy: http } : {}),
    ...(https ? { HTTPS_PROXY: https, https_proxy: https } : {}),
  };
  const exceptions = [...new Set([...LOCAL, ...hosts, ...noProxy])].join(',');
  return { ...variables, NO_PROXY: exceptions, no_proxy: exceptions };
};

/** The API server's host and everything with an address in the cluster: services, nodes, pods. */
const insideOf = (spec: AmazonLinux2023Spec, facts: Facts): readonly string[] => {
  const { endpoint, serviceIpv4Cidr, serviceIpv6Cidr } = spec.cluster;
  const url = endpoint?.value ?? facts.cluster?.endpoint ?? '';
  const host = URL.canParse(url) ? [new URL(url).hostname.replace(/^\[(.*)\]$/, '$1')] : [];
  const services = [serviceIpv4Cidr?.value ?? facts.cluster?.serviceIpv4Cidr, serviceIpv6Cidr?.value ?? facts.cluster?.serviceIpv6Cidr];
  return [...host, ...services.filter((cidr) => typeof cidr === 'string'), ...(facts.instance.vpcIpv4Cidrs ?? [])];
};

/** Everything that services get: the proxy for containerd and the kubelet, and what was given for each, which counts. */
export const serviceEnvironmentOf = (spec: AmazonLinux2023Spec, facts: Facts): Environment => {
  const asked = spec.options.environment?.value ?? {};
  const proxy = variablesOf(spec, insideOf(spec, facts));
  if (Object.keys(proxy).length === 0) return asked;
  return { ...asked, containerd: { ...proxy, ...asked['containerd'] }, kubelet: { ...proxy, ...asked['kubelet'] } };
};

/** What this process itself goes by when it asks AWS: `instance.environment.default`, which beats the proxy. Before any fact is known. */
export const processEnvironmentOf = (spec: AmazonLinux2023Spec): Variables => ({
  ...variablesOf(spec, []),
  ...spec.options.environment?.value['default'],
});

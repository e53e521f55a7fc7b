/** What the node is called: its provider id and the name it registers under. */
import type { Facts } from '../facts.ts';
import { inputOf } from '../provenance.ts';
import type { Checked, Decided, Diagnostic } from '../report.ts';
import type { NodeSpec } from '../spec.ts';
import { gateHolds } from './versions.ts';

const demand = <T>(value: T | undefined, fact: string): T => {
  if (value === undefined) throw new Error(`${fact} is not known yet`);
  return value;
};

/** `aws:///us-west-2a/i-0123456789abcdef0`: how the cloud controller finds the instance. */
export const providerId = (zone: string, instanceId: string): string => `aws:///${zone}/${instanceId}`;

export const providerIdOf = (_spec: NodeSpec, facts: Facts): Checked<Decided<string>> => {
  const zone = demand(facts.instance.availabilityZone, 'instance.availabilityZone');
  const id = demand(facts.instance.id, 'instance.id');
  return {
    value: {
      key: 'providerID',
      value: providerId(zone, id),
      because: {
        rule: 'provider-id.instance',
        text: 'aws:///<availability zone>/<instance id>, by which the cloud controller finds the instance.',
        inputs: [inputOf(facts, 'instance.availabilityZone', zone), inputOf(facts, 'instance.id', id)],
      },
      changes: ['another instance'],
    },
    diagnostics: [],
  };
};

/** A DNS name as the API server takes it for a node (RFC 1123 subdomain, lower case). */
const isNodeName = (name: string): boolean =>
  name.length <= 253 && name.split('.').every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(label));

const NODE_NAME_CHANGES = [
  '--node-name instance-id uses the instance id and needs no EC2 call (the access entry must be of type EC2)',
  '--node-name private-dns-name uses the name that EC2 gives the instance',
];

/** What is said when the choice does nothing: the in-tree provider of old kubelets asks EC2 for the private DNS name and takes nothing else. */
export const nodeNameWarnings = (spec: NodeSpec, facts: Facts): readonly Diagnostic[] => {
  const version = facts.host.kubeletVersion;
  if (spec.kubelet.nodeName.value !== 'instance-id' || typeof version !== 'string' || gateHolds('cloud-provider-external', version))
    return [];
  return [
    {
      severity: 'warning',
      code: 'node-name-ignored',
      path: spec.kubelet.nodeName.at,
      message: `kubelet ${version} names its node by EC2's private DNS name, whatever is asked for`,
      remedy: 'Leave --node-name out, or use a kubelet from 1.26 on.',
    },
  ];
};

/** The name the node registers under, `--hostname-override`: it must be the one that the control plane expects of this instance. */
export const hostnameOverrideOf = (spec: NodeSpec, facts: Facts): Checked<Decided<string>> => {
  const { nodeName } = spec.kubelet;
  const choice = { name: 'nodeName', value: nodeName.value, origin: nodeName.origin, at: nodeName.at };
  if (nodeName.value === 'instance-id') {
    const id = demand(facts.instance.id, 'instance.id');
    const because = {
      rule: 'node-name.instance-id',
      text: 'The instance id was asked for as node name.',
      inputs: [choice, inputOf(facts, 'instance.id', id)],
    };
    return { value: { key: 'hostnameOverride', value: id, because, changes: NODE_NAME_CHANGES }, diagnostics: [] };
  }
  const name = demand(facts.instance.privateDnsName, 'instance.privateDnsName');
  // The kubelet trims and lower-cases the name it is given; what is no DNS name even then can never register.
  if (!isNodeName(name.toLowerCase())) {
    return {
      diagnostics: [
        {
          severity: 'error',
          code: 'invalid-node-name',
          path: 'instance.privateDnsName',
          message: `'${name}' is no DNS name, so the node could not register under it`,
          remedy: 'Check the domain name in the DHCP options of the VPC, or use --node-name instance-id.',
        },
      ],
    };
  }
  const because = {
    rule: 'node-name.private-dns-name',
    text: 'The name that EC2 gives the instance: the control plane maps the node to it (system:node:{{EC2PrivateDNSName}}).',
    inputs: [choice, inputOf(facts, 'instance.privateDnsName', name)],
  };
  return { value: { key: 'hostnameOverride', value: name, because, changes: NODE_NAME_CHANGES }, diagnostics: [] };
};

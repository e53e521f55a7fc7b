/** The kubelet's kubeconfig: endpoint, CA file, and the exec plugin that makes its tokens. */
import type { Facts } from '../facts.ts';
import { yamlQuoted, yamlScalar } from '../formats/yaml.ts';
import { BOOTWRIGHT, CLUSTER_CA, IAM_AUTHENTICATOR } from '../paths.ts';
import { inputOf } from '../provenance.ts';
import type { Decided } from '../report.ts';
import type { NodeSpec } from '../spec.ts';

export type CredentialCommand = 'aws-iam-authenticator' | 'bootwright';

/** Which program the kubelet runs for a token. */
export const credentialPluginOf = (spec: NodeSpec, facts: Facts): Decided<CredentialCommand> => {
  const { value: wanted, origin, at } = spec.credentialPlugin;
  const asked = { name: '--credential-plugin', value: wanted, origin, at };
  if (wanted !== 'auto') {
    const text = `${wanted} was asked for.`;
    return decided(wanted, { rule: 'credential-plugin.given', text, inputs: [asked] }, ['--credential-plugin']);
  }
  const present = facts.host.executables?.[IAM_AUTHENTICATOR] === true;
  const found = inputOf(facts, `host.executables.${IAM_AUTHENTICATOR}`, present);
  return present
    ? decided(
        'aws-iam-authenticator',
        { rule: 'credential-plugin.present', text: `${IAM_AUTHENTICATOR} is there, as in an EKS image.`, inputs: [asked, found] },
        CHANGES,
      )
    : decided(
        'bootwright',
        {
          rule: 'credential-plugin.own',
          text: `There is no ${IAM_AUTHENTICATOR}: bootwright makes the token itself.`,
          inputs: [asked, found],
        },
        CHANGES,
      );
};

const CHANGES = ['--credential-plugin', `installing or removing ${IAM_AUTHENTICATOR}`];

const decided = (
  value: CredentialCommand,
  because: Decided<string>['because'],
  changes: readonly string[],
): Decided<CredentialCommand> => ({
  key: 'credentialPlugin',
  value,
  because,
  changes,
});

export interface KubeconfigInput {
  readonly endpoint: string;
  /** The name, or a local cluster's id. */
  readonly tokenCluster: string;
  readonly region: string;
  readonly plugin: CredentialCommand;
}

/** The text; for aws-iam-authenticator byte for byte what bootstrap.sh makes of the image's template. */
export const kubeconfigText = (input: KubeconfigInput): string => `apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority: ${CLUSTER_CA}
    server: ${yamlScalar(input.endpoint)}
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: kubelet
  name: kubelet
current-context: kubelet
users:
- name: kubelet
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      command: ${COMMANDS[input.plugin]}
      args:
        - "token"
        - ${input.plugin === 'bootwright' ? '"--cluster-name"' : '"-i"'}
        - ${yamlQuoted(input.tokenCluster)}
        - --region
        - ${yamlQuoted(input.region)}
`;

/**
 * Regular expression (whole text): a kubeconfig with an exec plugin, of the image or ours, or one for another endpoint. On an Outpost the
 * kubelet keeps its own there, with the certificate that it was given, and would go on with that of another cluster.
 */
export const notKubeletsOwnPattern = (endpoint: string): string =>
  `(?=[^]*\\n {4,6}exec:)[^]*|(?![^]*\\n {4}server: "?${endpoint.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}"?\\n)[^]*`;

const COMMANDS: { readonly [plugin in CredentialCommand]: string } = {
  'aws-iam-authenticator': IAM_AUTHENTICATOR,
  bootwright: BOOTWRIGHT,
};

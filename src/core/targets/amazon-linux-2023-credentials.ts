/** With what the kubelet of an Amazon Linux 2023 node shows who it is: to the API server, and to ECR. */
import type { Facts } from '../facts.ts';
import { jsonText } from '../formats/json.ts';
import { yamlQuoted, yamlScalar } from '../formats/yaml.ts';
import { ECR_IMAGES } from '../kubelet/credential-provider.ts';
import { gateHolds } from '../kubelet/versions.ts';
import { AWS_CLI_PLACES, BOOTWRIGHT, CLUSTER_CA, CREDENTIAL_PROVIDER_CONFIG, IAM_AUTHENTICATOR } from '../paths.ts';
import { inputOf } from '../provenance.ts';
import { type Because, type Checked, type Decided, type Diagnostic, errorAt, type Json, warningAt } from '../report.ts';
import type { AmazonLinux2023Spec, CredentialProviderSpec } from '../spec.ts';

export type TokenProgram = 'aws' | 'bootwright' | 'aws-iam-authenticator';

/** Which program the kubelet runs for a token: the AWS CLI where the image brings it, as nodeadm, else ourselves. */
export const tokenProgramOf = ({ credentialPlugin }: AmazonLinux2023Spec, facts: Facts): Decided<TokenProgram> => {
  const { value: wanted, origin, at } = credentialPlugin;
  const asked = { name: '--credential-plugin', value: wanted, origin, at };
  const decided = (value: TokenProgram, because: Because): Decided<TokenProgram> => ({
    key: 'credentialPlugin',
    value,
    because,
    changes: ['installing or removing the AWS CLI'],
  });
  if (wanted !== 'auto') return decided(wanted, { rule: 'credential-plugin.given', text: `${wanted} was asked for.`, inputs: [asked] });
  const place = AWS_CLI_PLACES.find((path) => facts.host.executables?.[path] === true);
  const found = inputOf(facts, `host.executables.${place ?? AWS_CLI_PLACES[0]}`, place !== undefined);
  return place === undefined
    ? decided('bootwright', {
        rule: 'credential-plugin.own',
        text: 'There is no AWS CLI: bootwright makes the token itself.',
        inputs: [found],
      })
    : decided('aws', { rule: 'credential-plugin.present', text: 'The AWS CLI is there, as in an EKS image.', inputs: [found] });
};

const COMMANDS: { readonly [program in TokenProgram]: { readonly command: string; readonly args: readonly string[] } } = {
  aws: { command: 'aws', args: ['eks', 'get-token', '--cluster-name'] },
  bootwright: { command: BOOTWRIGHT, args: ['token', '--cluster-name'] },
  'aws-iam-authenticator': { command: IAM_AUTHENTICATOR, args: ['token', '-i'] },
};

export interface Kubeconfig2023Input {
  readonly endpoint: string;
  /** The cluster's name, or a local cluster's id. */
  readonly tokenCluster: string;
  readonly region: string;
  readonly program: TokenProgram;
}

export const kubeconfigText2023 = ({ endpoint, tokenCluster, region, program }: Kubeconfig2023Input): string => {
  const { command, args } = COMMANDS[program];
  const words = [...args, tokenCluster, '--region', region].map((word) => `          - ${yamlQuoted(word)}\n`).join('');
  return `---
apiVersion: v1
kind: Config
clusters:
  - name: kubernetes
    cluster:
      certificate-authority: ${CLUSTER_CA}
      server: ${yamlScalar(endpoint)}
current-context: kubelet
contexts:
  - name: kubelet
    context:
      cluster: kubernetes
      user: kubelet
users:
  - name: kubelet
    user:
      exec:
        apiVersion: client.authentication.k8s.io/v1beta1
        command: ${command}
        args:
${words}`;
};

/** The directory in which the kubelet looks for credential providers. */
export const providerDirectoryOf = ({ options }: AmazonLinux2023Spec): string =>
  options.credentialProvider.value.slice(0, options.credentialProvider.value.lastIndexOf('/'));

const othersOf = ({ options }: AmazonLinux2023Spec): readonly CredentialProviderSpec[] =>
  options.extras.imageCredentialProviders?.value ?? [];

/** Variables of a provider may be passwords. */
export const hasProviderEnvironment = (spec: AmazonLinux2023Spec): boolean =>
  othersOf(spec).some(({ env }) => Object.keys(env ?? {}).length > 0);

/** Programs that the node must have. */
export const providerProgramsOf = (spec: AmazonLinux2023Spec): readonly string[] => [
  spec.options.credentialProvider.value,
  ...othersOf(spec).map(({ name }) => `${providerDirectoryOf(spec)}/${name}`),
];

const missingProviders = (spec: AmazonLinux2023Spec, facts: Facts): readonly Diagnostic[] =>
  othersOf(spec).flatMap(({ name }) => {
    const path = `${providerDirectoryOf(spec)}/${name}`;
    if (facts.host.executables?.[path] === true) return [];
    const message = `there is no program ${path}, and the kubelet does not start when it is told of a missing one`;
    return [
      errorAt(
        'no-credential-provider',
        spec.options.extras.imageCredentialProviders?.at ?? '',
        message,
        'Install it, or leave the provider out.',
      ),
    ];
  });

/**
 * Names of the image credential providers that the kubelet is told of. That of ECR is left out where it is not installed, for the kubelet would
 * not start. Errors: another one that was asked for and is not there.
 */
export const imageCredentialProviderOf = (spec: AmazonLinux2023Spec, facts: Facts): Checked<Decided<readonly string[]>> => {
  const { value: path, origin, at } = spec.options.credentialProvider;
  const isThere = facts.host.executables?.[path] === true;
  const missing = missingProviders(spec, facts);
  if (missing.length > 0) return { diagnostics: missing };
  const others = othersOf(spec).map(({ name }) => name);
  const inputs = [{ name: 'credentialProvider', value: path, origin, at }, inputOf(facts, `host.executables.${path}`, isThere)];
  const decided = (value: readonly string[], rule: string, text: string): Decided<readonly string[]> => ({
    key: 'imageCredentialProviders',
    value,
    because: { rule: `image-credential-provider.${rule}`, text, inputs },
    changes: [`installing ${path}`, 'ECR_CREDENTIAL_PROVIDER_BIN_PATH', 'spec.bootwright.imageCredentialProviders'],
  });
  if (isThere) {
    const names = [nameOf(path), ...others];
    return { value: decided(names, 'present', 'The provider for ECR is installed, as in an EKS image.'), diagnostics: [] };
  }
  const text = 'The provider for ECR is not installed, and the kubelet does not start when it is told of a missing one.';
  const message = 'the image credential provider is not installed: the kubelet runs without one and cannot pull private images from ECR';
  const remedy = `Install ecr-credential-provider there, or use an EKS image; ${CREDENTIAL_PROVIDER_CONFIG} names it.`;
  return { value: decided(others, 'missing', text), diagnostics: [warningAt('no-ecr-credential-provider', path, message, remedy)] };
};

/** The kubelet looks for a program of the provider's name. */
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const API_VERSION = 'credentialprovider.kubelet.k8s.io/v1';

const ecrProvider = (name: string, kubeletVersion: string): Json => ({
  name,
  matchImages: [...ECR_IMAGES, 'public.ecr.aws', ...(gateHolds('ecr-public-alias', kubeletVersion) ? ['ecr-public.aws.com'] : [])],
  defaultCacheDuration: '12h0m0s',
  apiVersion: API_VERSION,
});

const otherProvider = ({ name, matchImages, defaultCacheDuration, apiVersion = API_VERSION, args, env }: CredentialProviderSpec): Json => ({
  name,
  matchImages,
  defaultCacheDuration,
  apiVersion,
  ...(args ? { args } : {}),
  ...(env ? { env: Object.entries(env).map(([variable, value]) => ({ name: variable, value })) } : {}),
});

/** The configuration of those that were decided. */
export const credentialProviderText = (spec: AmazonLinux2023Spec, names: readonly string[], kubeletVersion: string): string => {
  const ecr = nameOf(spec.options.credentialProvider.value);
  const providers = [...(names.includes(ecr) ? [ecrProvider(ecr, kubeletVersion)] : []), ...othersOf(spec).map(otherProvider)];
  return jsonText({ apiVersion: 'kubelet.config.k8s.io/v1', kind: 'CredentialProviderConfig', providers });
};

/** With what the kubelet of an Amazon Linux 2023 node shows who it is: to the API server, and to ECR. */
import type { Facts } from '../facts.ts';
import { jsonText } from '../formats/json.ts';
import { yamlQuoted, yamlScalar } from '../formats/yaml.ts';
import { ECR_IMAGES } from '../kubelet/credential-provider.ts';
import { gateHolds } from '../kubelet/versions.ts';
import { AWS_CLI_PLACES, BOOTWRIGHT, CLUSTER_CA, CREDENTIAL_PROVIDER_CONFIG, IAM_AUTHENTICATOR } from '../paths.ts';
import { inputOf } from '../provenance.ts';
import { type Because, type Checked, type Decided, warningAt } from '../report.ts';
import type { AmazonLinux2023Spec } from '../spec.ts';

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

/** Path of the ECR credential provider; null: it is not there, and the kubelet, which would not start, is not told of it. */
export const imageCredentialProviderOf = ({ options }: AmazonLinux2023Spec, facts: Facts): Checked<Decided<string | null>> => {
  const { value: path, origin, at } = options.credentialProvider;
  const isThere = facts.host.executables?.[path] === true;
  const inputs = [{ name: 'credentialProvider', value: path, origin, at }, inputOf(facts, `host.executables.${path}`, isThere)];
  const decided = (value: string | null, rule: string, text: string): Decided<string | null> => ({
    key: 'imageCredentialProvider',
    value,
    because: { rule: `image-credential-provider.${rule}`, text, inputs },
    changes: [`installing ${path}`, 'ECR_CREDENTIAL_PROVIDER_BIN_PATH'],
  });
  if (isThere) return { value: decided(path, 'present', 'The provider for ECR is installed, as in an EKS image.'), diagnostics: [] };
  const text = 'The provider for ECR is not installed, and the kubelet does not start when it is told of a missing one.';
  const message = 'the image credential provider is not installed: the kubelet runs without one and cannot pull private images from ECR';
  const remedy = `Install ecr-credential-provider there, or use an EKS image; ${CREDENTIAL_PROVIDER_CONFIG} names it.`;
  return { value: decided(null, 'missing', text), diagnostics: [warningAt('no-ecr-credential-provider', path, message, remedy)] };
};

/** Its configuration. The kubelet looks for a program of the provider's name. */
export const credentialProviderText = (path: string, kubeletVersion: string): string =>
  jsonText({
    apiVersion: 'kubelet.config.k8s.io/v1',
    kind: 'CredentialProviderConfig',
    providers: [
      {
        name: path.slice(path.lastIndexOf('/') + 1),
        matchImages: [...ECR_IMAGES, 'public.ecr.aws', ...(gateHolds('ecr-public-alias', kubeletVersion) ? ['ecr-public.aws.com'] : [])],
        defaultCacheDuration: '12h0m0s',
        apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
      },
    ],
  });

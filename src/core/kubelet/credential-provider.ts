/** The kubelet's image credential provider: its configuration, a JSON file that users extend, and whether its program is there. */
import type { JsonEntry } from '../desired.ts';
import type { Facts } from '../facts.ts';
import { AMI_KUBELET_UNIT, CREDENTIAL_PROVIDER_CONFIG, ECR_CREDENTIAL_PROVIDER } from '../paths.ts';
import { inputOf } from '../provenance.ts';
import type { Because, Checked, Decided, Json } from '../report.ts';
import { gateHolds } from './versions.ts';

/** ECR's host names in every partition, in the order of the EKS image. */
export const ECR_IMAGES = [
  '*.dkr.ecr.*.amazonaws.com',
  '*.dkr-ecr.*.on.aws',
  '*.dkr.ecr.*.amazonaws.com.cn',
  '*.dkr-ecr.*.on.amazonwebservices.com.cn',
  '*.dkr.ecr-fips.*.amazonaws.com',
  '*.dkr-ecr-fips.*.on.aws',
  '*.dkr.ecr.*.c2s.ic.gov',
  '*.dkr.ecr.*.sc2s.sgov.gov',
  '*.dkr.ecr.*.cloud.adc-e.uk',
  '*.dkr.ecr.*.csp.hci.ic.gov',
  '*.dkr.ecr.*.amazonaws.eu',
] as const;

/** May the kubelet be told of the provider? It does not start when the program that its configuration names is missing. */
export const credentialProviderOf = (facts: Facts): Checked<Decided<boolean>> => {
  const present = facts.host.executables?.[ECR_CREDENTIAL_PROVIDER] === true;
  const inputs = [inputOf(facts, `host.executables.${ECR_CREDENTIAL_PROVIDER}`, present)];
  const changes = [`installing ${ECR_CREDENTIAL_PROVIDER}`];
  const key = 'imageCredentialProvider';
  if (present) {
    const text = 'The provider for ECR is installed, as in an EKS image.';
    return { value: { key, value: true, because: { rule: 'image-credential-provider.present', text, inputs }, changes }, diagnostics: [] };
  }
  const text = 'The provider for ECR is not installed, and the kubelet does not start when it is told of a missing one.';
  const isNamed = (facts.host.files?.[AMI_KUBELET_UNIT] ?? '').includes('--image-credential-provider-bin-dir');
  return {
    value: { key, value: false, because: { rule: 'image-credential-provider.missing', text, inputs }, changes },
    diagnostics: [
      {
        severity: 'warning',
        code: 'no-ecr-credential-provider',
        path: ECR_CREDENTIAL_PROVIDER,
        message: isNamed
          ? `the image credential provider is not installed, but ${AMI_KUBELET_UNIT} names it: the kubelet will not start`
          : 'the image credential provider is not installed: the kubelet runs without one and cannot pull private images from ECR',
        remedy: `Install ecr-credential-provider there, or use an EKS image; ${CREDENTIAL_PROVIDER_CONFIG} names it.`,
      },
    ],
  };
};

/**
 * Entries of its configuration. The image's file stands as it is from 1.27 on; older kubelets know only v1alpha1, which is
 * set for every provider that the file has.
 */
export const credentialProviderEntries = (kubeletVersion: string): readonly JsonEntry[] => {
  const old = gateHolds('credential-provider-v1alpha1', kubeletVersion);
  const version = old ? 'v1alpha1' : 'v1';
  const policy = old ? 'own' : 'default';
  const providerVersion = `credentialprovider.kubelet.k8s.io/${version}`;
  const provider: Json = {
    name: 'ecr-credential-provider',
    matchImages: [...ECR_IMAGES, ...(gateHolds('public-ecr', kubeletVersion) ? ['public.ecr.aws'] : [])],
    defaultCacheDuration: '12h',
    apiVersion: providerVersion,
  };
  const why = old ? OLD_VERSION : AS_IN_IMAGE;
  return [
    { path: ['apiVersion'], value: `kubelet.config.k8s.io/${version}`, policy, because: why },
    { path: ['kind'], value: 'CredentialProviderConfig', policy: 'default', because: AS_IN_IMAGE },
    { path: ['providers'], value: [provider], policy: 'default', because: AS_IN_IMAGE },
    { path: ['providers', '*', 'apiVersion'], value: providerVersion, policy, because: why },
  ];
};

const AS_IN_IMAGE: Because = {
  rule: 'image-credential-provider.image',
  text: 'As the EKS image configures it, unless the file already says otherwise.',
  inputs: [],
};
const OLD_VERSION: Because = {
  rule: 'gate.credential-provider-v1alpha1',
  text: 'Kubelets before 1.27 are given v1alpha1, in the file and for each provider.',
  inputs: [],
};

import t from 'tap';
import { credentialProviderEntries } from '../../../src/core/kubelet/credential-provider.ts';
import { mergedJson } from '../../../src/core/merge.ts';

const made = (version: string) => mergedJson({}, credentialProviderEntries(version), undefined, 'x').value;
const IMAGES = [
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
];

t.same(
  made('1.27.16'),
  {
    apiVersion: 'kubelet.config.k8s.io/v1',
    kind: 'CredentialProviderConfig',
    providers: [
      {
        name: 'ecr-credential-provider',
        matchImages: [...IMAGES, 'public.ecr.aws'],
        defaultCacheDuration: '12h',
        apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
      },
    ],
  },
  'from 1.27 on',
);
t.same(
  made('1.26.15'),
  {
    apiVersion: 'kubelet.config.k8s.io/v1alpha1',
    kind: 'CredentialProviderConfig',
    providers: [
      {
        name: 'ecr-credential-provider',
        matchImages: IMAGES,
        defaultCacheDuration: '12h',
        apiVersion: 'credentialprovider.kubelet.k8s.io/v1alpha1',
      },
    ],
  },
  'before 1.27',
);

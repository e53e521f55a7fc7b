import t from 'tap';
import { endpointOf, regionalHost } from '../../src/facts/endpoints.ts';
import type { Env } from '../../src/facts/wait.ts';

const FIPS = { AWS_USE_FIPS_ENDPOINT: 'true' };
const DUAL = { AWS_USE_DUALSTACK_ENDPOINT: 'True' };

t.test('hosts by region, FIPS and dual-stack', async (t) => {
  const cases: readonly (readonly ['ec2' | 'sts' | 'ecr', string, Env, string])[] = [
    ['ec2', 'us-west-2', {}, 'ec2.us-west-2.amazonaws.com'],
    ['ec2', 'us-west-2', FIPS, 'ec2-fips.us-west-2.amazonaws.com'],
    ['ec2', 'us-west-2', DUAL, 'ec2.us-west-2.api.aws'],
    ['ec2', 'us-west-2', { ...FIPS, ...DUAL }, 'ec2-fips.us-west-2.api.aws'],
    ['ec2', 'us-gov-west-1', FIPS, 'ec2.us-gov-west-1.amazonaws.com'],
    ['ec2', 'cn-north-1', {}, 'ec2.cn-north-1.amazonaws.com.cn'],
    ['ec2', 'cn-north-1', DUAL, 'ec2.cn-north-1.api.amazonwebservices.com.cn'],
    ['sts', 'eu-central-1', {}, 'sts.eu-central-1.amazonaws.com'],
    ['sts', 'us-east-1', FIPS, 'sts-fips.us-east-1.amazonaws.com'],
    ['sts', 'us-gov-east-1', FIPS, 'sts.us-gov-east-1.amazonaws.com'],
    ['sts', 'us-iso-east-1', {}, 'sts.us-iso-east-1.c2s.ic.gov'],
    ['sts', 'us-isob-east-1', {}, 'sts.us-isob-east-1.sc2s.sgov.gov'],
    ['sts', 'eu-isoe-west-1', {}, 'sts.eu-isoe-west-1.cloud.adc-e.uk'],
    ['sts', 'us-isof-south-1', {}, 'sts.us-isof-south-1.csp.hci.ic.gov'],
    ['sts', 'eusc-de-east-1', {}, 'sts.eusc-de-east-1.amazonaws.eu'],
    ['ecr', 'us-west-2', {}, 'api.ecr.us-west-2.amazonaws.com'],
    ['ecr', 'us-west-2', FIPS, 'ecr-fips.us-west-2.amazonaws.com'],
    ['ecr', 'us-gov-west-1', FIPS, 'ecr-fips.us-gov-west-1.amazonaws.com'],
    ['ecr', 'us-west-2', DUAL, 'ecr.us-west-2.api.aws'],
  ];
  for (const [service, region, env, host] of cases) t.equal(regionalHost(service, region, env), host);
});

t.test('a given endpoint: the service before the general one, empty is not given', async (t) => {
  const general = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1/' };
  t.equal(endpointOf('ec2', 'us-west-2', general), 'http://127.0.0.1:1');
  t.equal(endpointOf('ec2', 'us-west-2', { ...general, AWS_ENDPOINT_URL_EC2: 'https://ec2.local/x' }), 'https://ec2.local/x');
  t.equal(endpointOf('sts', 'us-west-2', { ...general, AWS_ENDPOINT_URL_EC2: 'https://ec2.local' }), 'http://127.0.0.1:1');
  t.equal(endpointOf('ecr', 'us-west-2', { AWS_ENDPOINT_URL: '' }), 'https://api.ecr.us-west-2.amazonaws.com');
  t.equal(
    endpointOf('ecr', 'us-west-2', { ...general, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }),
    'https://api.ecr.us-west-2.amazonaws.com',
  );
});

t.test('endpoints that are none', async (t) => {
  for (const text of ['ec2.local', 'ftp://ec2.local', 'https://ec2.local/?x=1', '/x']) {
    t.throws(() => endpointOf('ec2', 'us-west-2', { AWS_ENDPOINT_URL_EC2: text }), {
      code: 'BAD_DATA',
      message: `AWS_ENDPOINT_URL_EC2='${text}' is no endpoint`,
      remedy: 'Set AWS_ENDPOINT_URL_EC2 to https://HOST[:PORT], or unset it.',
    });
  }
});

import t from 'tap';
import { ECR_REGIONS } from '../../src/core/data/ecr-accounts.ts';
import { fipsHostOf, pauseImageOf } from '../../src/core/images.ts';
import { type Differences, decidedOf, factsWith, specWith } from './support/plain.ts';

const image = (instance: Differences['instance'] = {}, args: readonly string[] = [], host: Differences['host'] = {}, env = {}) =>
  decidedOf(pauseImageOf(specWith(args, env), factsWith({ instance, host })));

t.test('by region', async (t) => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['us-west-2', 'amazonaws.com', '602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5'],
    ['ap-east-1', 'amazonaws.com', '800184023465.dkr.ecr.ap-east-1.amazonaws.com/eks/pause:3.5'],
    ['cn-north-1', 'amazonaws.com.cn', '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn/eks/pause:3.5'],
    ['us-gov-west-1', 'amazonaws.com', '013241004608.dkr.ecr.us-gov-west-1.amazonaws.com/eks/pause:3.5'],
    ['eusc-de-east-1', 'amazonaws.eu', '877088126301.dkr.ecr.eusc-de-east-1.amazonaws.eu/eks/pause:3.5'],
  ];
  for (const [region, domain, expected] of cases) {
    const decided = image({ region, domain });
    t.equal(decided.value, expected);
    t.equal(decided.because.rule, 'pause-image.region');
  }
  t.ok(ECR_REGIONS.length > 40);
});

t.test('a region that nobody knows takes its images from another, and says so', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['eu-west-9', '602401143452.dkr.ecr.us-west-2.'],
    ['us-gov-north-1', '013241004608.dkr.ecr.us-gov-west-1.'],
    ['cn-south-1', '961992271922.dkr.ecr.cn-northwest-1.'],
    ['us-iso-north-1', '725322719131.dkr.ecr.us-iso-east-1.'],
    ['us-isob-north-1', '187977181151.dkr.ecr.us-isob-east-1.'],
    ['eu-isoe-north-1', '249663109785.dkr.ecr.eu-isoe-west-1.'],
    ['us-isof-north-1', '676585237158.dkr.ecr.us-isof-south-1.'],
    ['eusc-fr-west-1', '877088126301.dkr.ecr.eusc-de-east-1.'],
  ];
  for (const [region, host] of cases) {
    const decided = image({ region });
    t.equal(decided.value, `${host}amazonaws.com/eks/pause:3.5`);
    t.ok(
      decided.because.inputs.some(({ origin }) => origin === 'fallback'),
      region,
    );
  }
});

t.test('an unknown region is warned about, with the nearest of its continent', async (t) => {
  const warningsFor = (region: string, args: readonly string[] = []) =>
    pauseImageOf(specWith(args), factsWith({ instance: { region } })).diagnostics.map(({ severity, code, remedy }) => [
      severity,
      code,
      remedy,
    ]);
  const otherwise = 'For a new region use a newer bootwright, or give --pause-container-account or PAUSE_CONTAINER_IMAGE.';
  t.same(warningsFor('us-wst-2'), [['warning', 'unknown-region', `Did you mean us-west-2? ${otherwise}`]]);
  t.same(warningsFor('xx-middle-1'), [['warning', 'unknown-region', otherwise]]);
  t.same(warningsFor('us-west-2'), []);
  t.same(warningsFor('us-wst-2', ['--pause-container-account', '000000000001']), []);
});

t.test('what a user says', async (t) => {
  t.equal(image({}, ['--pause-container-version', '3.9']).value, '602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.9');
  const account = image({ region: 'eu-west-9' }, ['--pause-container-account', '000000000001']);
  t.equal(account.value, '000000000001.dkr.ecr.eu-west-9.amazonaws.com/eks/pause:3.5', 'the region is the node’s own then');
  const whole = image({ region: undefined, domain: undefined }, [], {}, { PAUSE_CONTAINER_IMAGE: 'mirror.local:5000/pause' });
  t.equal(whole.value, 'mirror.local:5000/pause:3.5', 'nothing is asked');
});

t.test('a kernel in FIPS mode', async (t) => {
  const host = '602401143452.dkr.ecr-fips.us-west-2.amazonaws.com';
  t.equal(fipsHostOf(specWith(), factsWith({ host: { fips: true } })), host);
  t.equal(fipsHostOf(specWith(), factsWith()), undefined);
  t.equal(fipsHostOf(specWith([], { PAUSE_CONTAINER_IMAGE: 'a/b' }), factsWith({ host: { fips: true } })), undefined);
  t.equal(fipsHostOf(specWith(), factsWith({ host: { fips: true }, instance: { region: undefined } })), undefined, 'not known yet');
  t.equal(image({}, [], { fips: true, resolves: { [host]: true } }).value, `${host}/eks/pause:3.5`);
  const missing = image({}, [], { fips: true, resolves: { [host]: false } });
  t.equal(missing.value, '602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.5');
  t.match(missing.because.text, /the region has no FIPS host/);
});

t.test('without region it is a bug', async (t) => {
  t.throws(() => pauseImageOf(specWith(), factsWith({ instance: { region: undefined } })), {
    message: 'pauseImageOf: the region or the domain is not known yet',
  });
});

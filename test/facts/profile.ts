import t from 'tap';
import { profileRegion } from '../../src/facts/profile.ts';

t.test('the region of the profile that gives the credentials', async (t) => {
  const home = t.testdir({
    '.aws': {
      config: '[default]\nregion = us-east-1\n[profile work]\nregion = eu-west-1\n[profile bare]\noutput = json\n',
      credentials: '[old]\nregion = sa-east-1\naws_access_key_id = AKIDEXAMPLE\n',
    },
  });
  t.equal(await profileRegion({ HOME: home }), 'us-east-1');
  t.equal(await profileRegion({ HOME: home, AWS_PROFILE: 'work' }), 'eu-west-1');
  t.equal(await profileRegion({ HOME: home, AWS_PROFILE: 'old' }), 'sa-east-1');
  t.equal(await profileRegion({ HOME: home, AWS_PROFILE: 'bare' }), undefined);
  t.equal(await profileRegion({ HOME: home, AWS_PROFILE: 'nobody' }), undefined);
  t.equal(await profileRegion({ HOME: '/proc/nonexistent', AWS_CONFIG_FILE: `${home}/.aws/config` }), 'us-east-1');
});

import t from 'tap';
import { nodeSpecOf } from '../../../src/core/config/node-config/spec.ts';
import { processEnvironmentOf } from '../../../src/core/targets/amazon-linux-2023-proxy.ts';
import { placedByPath } from '../support/case-2023.ts';

const environmentOf = (spec: Parameters<typeof placedByPath>[0]) => {
  const { value } = nodeSpecOf(placedByPath({ cluster: { name: 'a' }, ...spec }));
  if (value === undefined) throw new Error('no spec');
  return processEnvironmentOf(value);
};

t.test('what this process goes by when it asks AWS', async (t) => {
  t.strictSame(environmentOf({}), {});
  const proxied = environmentOf({ bootwright: { proxy: { https: 'http://proxy.example:3128', noProxy: ['.corp.example'] } } });
  t.equal(proxied['HTTPS_PROXY'], 'http://proxy.example:3128');
  t.notOk('HTTP_PROXY' in proxied);
  t.match(proxied['NO_PROXY'], /(?:^|,)169\.254\.169\.254,.*,\.corp\.example$/, 'IMDS is never asked through it');
  const both = environmentOf({
    bootwright: { proxy: { https: 'http://proxy.example:3128' } },
    instance: { environment: { default: { HTTPS_PROXY: 'http://other.example:1', AWS_MAX_ATTEMPTS: '5' }, kubelet: { A: 'b' } } },
  });
  t.match(both, { HTTPS_PROXY: 'http://other.example:1', AWS_MAX_ATTEMPTS: '5' }, 'environment.default counts');
  t.notOk('A' in both, 'a service’s own is not ours');
});

import t from 'tap';
import { healthzOf } from '../../src/cli/healthz.ts';
import type { Plan } from '../../src/core/desired.ts';
import type { NodeSpec } from '../../src/core/spec.ts';

const urlOf = (config: object | string, args = ''): string | null =>
  healthzOf(
    {
      files: [
        {
          path: '/etc/kubernetes/kubelet/kubelet-config.json',
          mode: 0o644,
          text: typeof config === 'string' ? config : JSON.stringify(config),
          because: [],
        },
      ],
    } as unknown as Plan,
    { kubelet: { extraArgs: { value: args, origin: 'flag', at: '' } } } as unknown as NodeSpec,
  );

t.test('the configuration file, then the extra arguments', async (t) => {
  t.equal(urlOf({}), 'http://127.0.0.1:10248/healthz');
  t.equal(urlOf({ healthzPort: 1234, healthzBindAddress: '0.0.0.0' }), 'http://127.0.0.1:1234/healthz');
  t.equal(urlOf({ healthzBindAddress: '::' }), 'http://[::1]:10248/healthz');
  t.equal(urlOf({ healthzBindAddress: 'fd00::1' }), 'http://[fd00::1]:10248/healthz');
  t.equal(urlOf({ healthzPort: 1234 }, '--v=2 --healthz-port=4321'), 'http://127.0.0.1:4321/healthz');
  t.equal(urlOf({}, "'--healthz-port=1' --healthz-port 2 --healthz-bind-address 10.0.0.1"), 'http://10.0.0.1:2/healthz');
  t.equal(urlOf('garbage'), 'http://127.0.0.1:10248/healthz');
});

t.test('null where the port is switched off', async (t) => {
  t.equal(urlOf({ healthzPort: 0 }), null);
  t.equal(urlOf({}, '--healthz-port=0'), null);
  t.equal(urlOf({ healthzPort: 'x' }), null);
});

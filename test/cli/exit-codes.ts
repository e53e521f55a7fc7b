import t from 'tap';
import { exitCodeOf, exitCodeOfAll } from '../../src/cli/exit-codes.ts';
import { ERROR_CODES, STATE_CODES } from '../../src/core/errors.ts';
import type { Diagnostic } from '../../src/core/report.ts';

const diagnostics = (...codes: string[]): Diagnostic[] =>
  codes.map((code) => ({ severity: 'error', code, path: '', message: '', remedy: '' }));

t.test('the drop-in names end with 1', async (t) => {
  for (const code of Object.keys(ERROR_CODES) as (keyof typeof ERROR_CODES)[]) t.equal(exitCodeOf(code, 'drop-in'), 1);
  t.equal(exitCodeOfAll(diagnostics('unknown-flag'), 'drop-in'), 1);
});

t.test('our own commands end with the worst of several', async (t) => {
  t.equal(exitCodeOfAll(diagnostics('unknown-flag'), 'own'), 64);
  t.equal(exitCodeOfAll(diagnostics('invalid-cidr'), 'own'), 65);
  t.equal(exitCodeOfAll(diagnostics('no-containerd-config-file'), 'own'), 66);
  t.equal(exitCodeOfAll(diagnostics('kubelet-too-old'), 'own'), 78);
  for (const code of ['unsupported-runtime', 'no-dockerd', 'no-nvidia-runtime']) t.equal(exitCodeOfAll(diagnostics(code), 'own'), 78);
  t.equal(exitCodeOfAll(diagnostics('no-cluster-id'), 'own'), 64);
  t.equal(exitCodeOfAll(diagnostics('not-a-file'), 'own'), 73);
  t.equal(exitCodeOfAll(diagnostics('kubelet-too-old', 'invalid-cidr', 'unknown-flag'), 'own'), 64);
  t.equal(exitCodeOfAll([], 'own'), 65);
});

t.test('what a document lacks is no wrong command line', async (t) => {
  const missing = diagnostics('no-cluster-name', 'no-cluster-id').map((one) => ({ ...one, field: `spec.cluster.${one.code}` }));
  t.equal(exitCodeOfAll(missing, 'nodeadm'), 1);
  t.equal(exitCodeOfAll(missing, 'own'), 65);
  t.equal(exitCodeOfAll(diagnostics('no-cluster-name'), 'own'), 64);
});

t.test('numbers mean one thing each, and states lie below failures', async (t) => {
  const exits = [...Object.values(ERROR_CODES), ...Object.values(STATE_CODES)].map(({ exit }) => exit);
  t.equal(new Set(exits).size, exits.length);
  t.ok(Object.values(STATE_CODES).every(({ exit }) => exit >= 10 && exit <= 63));
});

import t from 'tap';
import { causesOf, diagnosticLine, nodeErrorLine } from '../../../src/cli/present/diagnostics.ts';
import { NodeError } from '../../../src/core/errors.ts';

t.test('where, what, remedy', async (t) => {
  const d = { severity: 'error', code: 'x', path: '/etc/a.toml', message: 'not valid TOML', remedy: 'correct the file' } as const;
  t.equal(diagnosticLine(d), '/etc/a.toml: not valid TOML. Correct the file.');
  t.equal(diagnosticLine({ ...d, line: 3, column: 7 }), '/etc/a.toml:3:7: not valid TOML. Correct the file.');
  t.equal(diagnosticLine({ ...d, line: 3, message: 'what?', remedy: '' }), '/etc/a.toml:3: what?');
  t.equal(
    diagnosticLine({ ...d, path: '--kubelet-extra-args', message: 'has --token=abc in it' }),
    '--kubelet-extra-args: has --token=*** in it. Correct the file.',
  );
});

t.test('a failure of the world, with the nearest remedy and its causes', async (t) => {
  const cause = new Error('connect ECONNREFUSED');
  const inner = new NodeError('UNAVAILABLE', 'IMDS refuses', { remedy: 'enable it', cause });
  const outer = new NodeError('UNAVAILABLE', 'no region', { cause: inner });
  t.equal(nodeErrorLine(outer), 'no region. Enable it.');
  t.same(causesOf(outer), ['caused by IMDS refuses', 'caused by Error: connect ECONNREFUSED']);
});

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type Report, writeReport } from '../../src/node/report.ts';

const REPORT: Report = {
  schemaVersion: 1,
  version: '0.1.0',
  command: 'bootwright bootstrap my-cluster --kubelet-extra-args --bootstrap-token=abc.def',
  startedAt: '2026-01-02T03:04:05.000Z',
  durationMs: 1234,
  stages: [{ name: 'facts', ms: 1000 }],
  outcome: 'failed',
  root: '/',
  actions: [{ kind: 'write-file', path: '/etc/x', status: 'done', ms: 1 }],
  decisions: [],
  warnings: [],
  error: { code: 'OS', message: 'http://user:secret@proxy:3128 refused' },
  exitCode: 71,
};

t.test('a report: whole, readable by all, without secrets', async (t) => {
  const root = t.testdir();
  writeReport(root, REPORT);
  writeReport(root, { ...REPORT, durationMs: 5678 });
  const path = join(root, 'run/bootwright/report.json');
  const text = readFileSync(path, 'utf8');
  t.match(JSON.parse(text), { schemaVersion: 1, durationMs: 5678, actions: REPORT.actions, exitCode: 71 });
  t.notMatch(text, /abc\.def|user:secret/);
  t.equal(statSync(path).mode & 0o7777, 0o644);
  t.throws(() => writeReport(join(root, 'none'), REPORT), { code: 'NO_INPUT' });
});

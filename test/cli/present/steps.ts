import t from 'tap';
import { paintOf } from '../../../src/cli/present/paint.ts';
import { stepLines } from '../../../src/cli/present/steps.ts';
import type { Action } from '../../../src/core/desired.ts';

const because = [] as const;
const write = (path: string): Action => ({ kind: 'write-file', path, mode: 0o644, before: null, after: '', because });

t.test('neighbours of a kind share a line', async (t) => {
  const actions: readonly Action[] = [
    { kind: 'make-directory', path: '/a', mode: 0o755, because },
    { kind: 'make-directory', path: '/b', mode: 0o755, because },
    write('/a/x'),
    { kind: 'remove-file', path: '/c', before: '', because },
    { kind: 'reload-units', because },
    { kind: 'restart-unit', unit: 'a.service', because },
    { kind: 'restart-unit', unit: 'b.service', because, skipped: 'an image' },
  ];
  t.same(stepLines(actions, paintOf(false), 80), [
    '  1–2  make     2 directories',
    '  3    write    /a/x',
    '  4    remove   /c',
    '  5    reload   systemd’s unit files',
    '  6    restart  a.service',
    '  7    restart  b.service (skipped: an image)',
  ]);
  t.same(stepLines([write('/x'), write('/y')], paintOf(false), 80), ['  1–2  write  2 files']);
  t.same(stepLines([], paintOf(false), 80), []);
});

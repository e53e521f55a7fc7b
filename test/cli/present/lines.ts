import t from 'tap';
import { columns, counted, wrapped } from '../../../src/cli/present/lines.ts';

t.test('wraps at words', async (t) => {
  t.same(wrapped('one two three four', 9), ['one two', 'three', 'four']);
  t.same(wrapped('averyverylongword b', 5), ['averyverylongword', 'b']);
  t.same(wrapped('', 5), []);
});

t.test('aligns columns, and wraps the last under itself', async (t) => {
  t.same(
    columns(
      [
        ['a', 'bb', 'some words that wrap here'],
        ['ccc', 'd', 'x'],
      ],
      { indent: 2, gap: 2, width: 35 },
    ),
    ['  a    bb  some words that wrap', '           here', '  ccc  d   x'],
  );
});

t.test('styles do not change widths', async (t) => {
  const lines = columns(
    [
      ['a', 'x'],
      ['bbb', 'y'],
    ],
    { styles: [(cell) => `<${cell}>`] },
  );
  t.same(lines, ['  <a>    x', '  <bbb>  y']);
});

t.test('counts', async (t) => {
  t.equal(counted(1, 'file'), '1 file');
  t.equal(counted(0, 'file'), '0 files');
});

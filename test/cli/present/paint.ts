import t from 'tap';
import { colourWishOf, isColoured, paintOf } from '../../../src/cli/present/paint.ts';

const terminal = (isTty: boolean) => ({ write: () => undefined, isTty, columns: 80 });

t.test('auto: a terminal, not dumb, without NO_COLOR', async (t) => {
  t.equal(isColoured('auto', terminal(true), {}), true);
  t.equal(isColoured('auto', terminal(false), {}), false);
  t.equal(isColoured('auto', terminal(true), { NO_COLOR: '1' }), false);
  t.equal(isColoured('auto', terminal(true), { NO_COLOR: '' }), true);
  t.equal(isColoured('auto', terminal(true), { TERM: 'dumb' }), false);
});

t.test('always and never stand', async (t) => {
  t.equal(isColoured('always', terminal(false), { NO_COLOR: '1' }), true);
  t.equal(isColoured('never', terminal(true), {}), false);
  t.equal(colourWishOf(undefined), 'auto');
  t.equal(colourWishOf('sometimes'), undefined);
});

t.test('paints, or leaves alone', async (t) => {
  t.equal(paintOf(false).red('x'), 'x');
  t.equal(paintOf(true).red('x'), '\u001b[31mx\u001b[39m');
  t.equal(paintOf(true).red(''), '');
});

import fc from 'fast-check';
import t from 'tap';
import { isMountable, uuidOf } from '../../../src/core/disks/content.ts';

t.test('a UUID is one, always the same, and another for other names', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), fc.array(fc.string(), { minLength: 1 }), (a, b) => {
      const form = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
      const isSame = JSON.stringify(a) === JSON.stringify(b);
      return form.test(uuidOf(...a)) && uuidOf(...a) === uuidOf(...structuredClone(a)) && (uuidOf(...a) === uuidOf(...b)) === isSame;
    }),
  );
  t.not(uuidOf('a', 'b'), uuidOf('ab'));
});

t.test('only a file system that can be named by its UUID is mounted', async (t) => {
  t.ok(isMountable({ type: 'xfs', uuid: '1' }));
  t.notOk(isMountable({ type: 'xfs' }));
  t.notOk(isMountable({ type: 'vfat', uuid: '1' }));
  t.notOk(isMountable(null));
});

import fc from 'fast-check';
import t from 'tap';
import { timestampOf } from '../../src/core/timestamp.ts';

t.test('as Date.toISOString() says', async () => {
  const years = { min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z') };
  fc.assert(fc.property(fc.date({ ...years, noInvalidDate: true }), (date) => timestampOf(date) === date.toISOString()));
});

import fc from 'fast-check';
import t from 'tap';
import { mergedHosts } from '../../src/core/hosts.ts';

const HOST = 'api.example';
const wanted = (...addresses: string[]) => ({ host: HOST, addresses });
const merged = (text: string, base: readonly string[], addresses: readonly string[]) =>
  mergedHosts(text, base, wanted(...addresses), '/etc/hosts');

t.test('lines are added at the end, once', async (t) => {
  const first = merged('127.0.0.1 localhost\n', [], ['10.0.0.5', '10.0.0.6']);
  t.equal(first.text, '127.0.0.1 localhost\n10.0.0.5 api.example\n10.0.0.6 api.example\n');
  t.same(merged(first.text, first.owned, ['10.0.0.6', '10.0.0.5']), first, 'in whatever order they are found next time');
  t.equal(merged('', [], ['10.0.0.5']).text, '10.0.0.5 api.example\n', 'a file that is not there');
  t.equal(merged('127.0.0.1 localhost', [], ['10.0.0.5']).text, '127.0.0.1 localhost\n10.0.0.5 api.example\n', 'without a last line break');
});

t.test('addresses that changed', async (t) => {
  const text = '10.0.0.5 api.example\n# a comment\n10.0.0.6 api.example\n';
  t.equal(
    merged(text, ['10.0.0.5 api.example', '10.0.0.6 api.example'], ['10.0.0.6', '10.0.0.7']).text,
    '# a comment\n10.0.0.6 api.example\n10.0.0.7 api.example\n',
  );
});

t.test('a line of somebody else for the host counts', async (t) => {
  for (const line of ['10.9.9.9 api.example', '10.9.9.9\tother  API.Example # mine', '  10.0.0.5  api.example\r']) {
    const text = `127.0.0.1 localhost\n${line}\n`;
    const { text: after, owned, kept } = merged(text, [], ['10.0.0.5']);
    t.equal(after, text, line);
    t.same(owned, []);
    t.match(kept, [{ rule: 'merge.file-wins', inputs: [{ value: line, origin: 'host-file', at: '/etc/hosts' }] }]);
  }
  const ours = '10.0.0.5 api.example';
  t.equal(merged(`${ours}\n10.9.9.9 api.example\n`, [ours], ['10.0.0.5']).text, '10.9.9.9 api.example\n', 'written after ours');
  t.equal(merged(`${ours}\n${ours}\n`, [ours], ['10.0.0.5']).text, `${ours}\n`, 'the same line once more');
  for (const line of ['10.9.9.9 api.example.org', '# 10.9.9.9 api.example', '10.9.9.9 x # api.example', 'api.example'])
    t.equal(merged(`${line}\n`, [], ['10.0.0.5']).text, `${line}\n10.0.0.5 api.example\n`, line);
});

t.test('what is no longer wanted goes', async (t) => {
  t.equal(
    mergedHosts('127.0.0.1 localhost\n10.0.0.5 api.example\n', ['10.0.0.5 api.example'], undefined, '').text,
    '127.0.0.1 localhost\n',
  );
  t.equal(
    mergedHosts('10.0.0.9 api.example\n', ['10.0.0.5 api.example'], undefined, '').text,
    '10.0.0.9 api.example\n',
    'not what was edited',
  );
});

t.test('for any file and any history: no line of others is lost, and the second run changes nothing', async () => {
  const address = fc.constantFrom('10.0.0.5', '10.0.0.6', '10.0.0.7', 'fd00::5');
  const line = fc.oneof(
    fc.constantFrom(
      '127.0.0.1 localhost',
      '',
      '# comment',
      '10.0.0.5 api.example',
      '10.0.0.6 api.example',
      '10.9.9.9 api.example x',
      'junk',
    ),
    fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', '')),
  );
  const base = fc.subarray(['10.0.0.5 api.example', '10.0.0.6 api.example', '10.0.0.8 api.example']);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), base, fc.uniqueArray(address, { minLength: 1 }), (lines, ours, addresses) => {
      const first = merged(lines.join('\n'), ours, addresses);
      const second = merged(first.text, first.owned, addresses);
      const left = [...first.text.split('\n')];
      const left0 = [...ours];
      const others = lines.filter((text) => {
        const at = left0.indexOf(text);
        if (at >= 0) left0.splice(at, 1);
        return at < 0;
      });
      for (const text of others) {
        const at = left.indexOf(text);
        if (at < 0) return false;
        left.splice(at, 1);
      }
      return second.text === first.text && JSON.stringify(second.owned.toSorted()) === JSON.stringify(first.owned.toSorted());
    }),
    { numRuns: 1000 },
  );
});

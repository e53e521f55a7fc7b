import fc from 'fast-check';
import t from 'tap';
import { parse } from 'yaml';
import { yamlQuoted, yamlScalar } from '../../../src/core/formats/yaml.ts';

t.test('what the field knows stays plain', async (t) => {
  const url = 'https://EXAMPLE.gr7.us-west-2.eks.amazonaws.com';
  t.equal(yamlScalar(url), url);
  t.equal(yamlScalar(`${url}:443/x`), `${url}:443/x`);
  t.equal(yamlScalar('https://[2600::1]:443'), 'https://[2600::1]:443');
});

t.test('what YAML would read as something else is quoted', async (t) => {
  for (const text of ['true', 'No', 'null', '1', '1.5', '', 'a: b', 'a #b', '- a', '*a', '&a', '{a}', 'a:', '~', '.inf', 'x\ny', '"']) {
    t.equal(yamlScalar(text), yamlQuoted(text), text);
  }
});

t.test('scalars come back as they were', async (t) => {
  const same = (text: string) => {
    t.equal(parse(`x: ${yamlScalar(text)}`).x, text);
    t.equal(parse(`x: ${yamlQuoted(text)}`, { version: '1.1' }).x, text);
  };
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), same), { numRuns: 300 });
  fc.assert(fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), same), { numRuns: 200 });
  same('a\u0085b\u2028c\u2029d\u007f');
});

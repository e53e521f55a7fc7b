/** NodeConfig documents for tests: from texts, and generated along the schema. */
import fc from 'fast-check';
import {
  type Decoded,
  type DecodeOptions,
  decodeNodeConfig,
  type NodeConfigDocument,
} from '../../../../../src/core/config/node-config/decode.ts';
import type { NodeConfigSpec } from '../../../../../src/core/config/node-config/document.ts';
import type { AnyField } from '../../../../../src/core/config/node-config/fields.ts';
import { API_VERSION, KIND, SPEC } from '../../../../../src/core/config/node-config/schema.ts';
import type { Json } from '../../../../../src/core/report.ts';

const LENIENT: DecodeOptions = { isStrict: false };

export const decodedText = (text: string, label = 'doc', options = LENIENT): Decoded =>
  decodeNodeConfig({ label, origin: 'host-file', text }, options);

/** A document with this spec as JSON, which also stands for its YAML: `10: {cluster: …}` below `spec`. */
export const documentOf = (spec: Json, label = 'doc'): NodeConfigDocument => {
  const { document, diagnostics } = decodedText(JSON.stringify({ apiVersion: API_VERSION, kind: KIND, spec }), label);
  if (document === undefined) throw new Error(JSON.stringify(diagnostics));
  return document;
};

const word = fc.string({
  unit: fc.constantFrom('a', 'b', 'Z', '0', '-', '.', '/', ' ', '"', "'", ':', '#', 'é', '<'),
  minLength: 1,
  maxLength: 6,
});

/** Objects whose keys say what kind of value they have, as those of a KubeletConfiguration do. */
const { free } = fc.letrec<{ free: Json }>((tie) => ({
  free: fc
    .record(
      {
        text: word,
        empty: fc.constantFrom('', 'x'),
        number: fc.integer({ min: -3, max: 3 }),
        flag: fc.boolean(),
        list: fc.array(word, { maxLength: 2 }),
        object: tie('free'),
      },
      { requiredKeys: [] },
    )
    .map((value) => value as Json),
}));

const TOMLS = ['version = 3\n', '[a]\nb = 1 # one\n', '[a]\nc = [1.0, 2.5]\n', '[a.d]\ne = "it\'s"\n', 'f = true\n\n[g."h.i"]\nj = 2\n'];

/** Values of a field that decoding keeps as they are. */
export const valuesOf = (field: AnyField): fc.Arbitrary<Json> => {
  switch (field.kind) {
    case 'object': {
      const fields = Object.fromEntries(Object.entries(field.fields).map(([name, inner]) => [name, valuesOf(inner)]));
      return fc.record(fields, { requiredKeys: [...(field.required ?? [])] }).map((value) => value as Json);
    }
    case 'map':
      return fc.dictionary(fc.constantFrom('a', 'b', 'x/y', 'K'), valuesOf(field.value), { maxKeys: 3, noNullPrototype: true });
    case 'list':
      return fc.array(valuesOf(field.item), { minLength: 1, maxLength: 3 });
    case 'free':
      return free;
    case 'toml':
      return fc.constantFrom(...TOMLS);
    case 'text':
      return field.words ? fc.constantFrom(...field.words) : word;
    case 'bool':
      return fc.boolean();
    case 'count':
      return fc.integer({ min: field.min, max: field.max });
  }
};

export const specs: fc.Arbitrary<NodeConfigSpec> = valuesOf(SPEC) as fc.Arbitrary<NodeConfigSpec>;

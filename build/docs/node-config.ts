/** docs/schema/node-config.json and the README's table of fields, from the schema that the program itself reads by. */
import type { AnyField } from '../../src/core/config/node-config/fields.ts';
import { DOCUMENT, SPEC } from '../../src/core/config/node-config/schema.ts';
import { KUBELET_CONFIG_DATE, KUBELET_CONFIG_FIELDS } from '../../src/core/data/kubelet-config.ts';

export type Schema = Readonly<Record<string, unknown>>;

const SCALARS: Readonly<Record<string, Schema>> = {
  bool: { type: 'boolean' },
  string: { type: 'string' },
  int: { type: 'integer' },
  number: { type: 'number' },
  duration: { type: 'string', description: 'a duration: 2m30s' },
  quantity: { type: ['string', 'number'], description: 'a quantity: 512Mi' },
};

/** JSON knows null as "not given" everywhere. */
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });

const formSchema = (form: string): Schema => {
  if (form.startsWith('[]')) return { type: 'array', items: formSchema(form.slice(2)) };
  if (form.startsWith('map:')) return { type: 'object', additionalProperties: orNull(formSchema(form.slice(4))) };
  if (form.includes('|')) return { anyOf: form.split('|').map(formSchema) };
  return SCALARS[form] ?? { $ref: `#/$defs/${form}` };
};

/** Every struct of KubeletConfiguration; a field that not every minor has says which do. */
const kubeletSchemas = (): Readonly<Record<string, Schema>> => {
  const structs: Record<string, { type: 'object'; properties: Record<string, Schema>; additionalProperties: false }> = {};
  for (const [range, fields] of Object.entries(KUBELET_CONFIG_FIELDS)) {
    for (const field of fields.split(' ')) {
      const [, struct = '', name = '', form = ''] = /^(\w+)\.(\w+)=(.*)$/.exec(field) ?? [];
      structs[struct] ??= { type: 'object', properties: {}, additionalProperties: false };
      const since = range === '1.28-1.36' ? {} : { description: `kubelet ${range.replace('-', ' to ')}` };
      structs[struct].properties[name] = { ...orNull(formSchema(form)), ...since };
    }
  }
  return Object.fromEntries(Object.entries(structs).sort(([a], [b]) => (a < b ? -1 : 1)));
};

const plainSchema = (field: AnyField): Schema => {
  switch (field.kind) {
    case 'object':
      return {
        type: 'object',
        properties: Object.fromEntries(Object.entries(field.fields).map(([name, inner]) => [name, fieldSchema(inner)])),
        ...(field.required ? { required: field.required } : {}),
        additionalProperties: false,
      };
    case 'map':
      return { type: 'object', additionalProperties: fieldSchema(field.value) };
    case 'list':
      return { type: 'array', items: fieldSchema(field.item) };
    case 'free':
      return field.form === 'KubeletConfiguration' ? { $ref: '#/$defs/KubeletConfiguration' } : { type: 'object' };
    case 'toml':
      return { type: 'string' };
    case 'bool':
      return { type: 'boolean' };
    case 'count':
      return { type: 'integer', minimum: field.min, maximum: field.max };
    case 'text':
      return textSchema(field);
  }
};

const textSchema = ({ words, ignoresCase, takesNumbers }: Extract<AnyField, { readonly kind: 'text' }>): Schema => {
  if (words && ignoresCase) {
    const pattern = words.map((word) => word.replace(/[a-z]/gi, (char) => `[${char.toLowerCase()}${char.toUpperCase()}]`)).join('|');
    return { type: 'string', pattern: `^(?:${pattern})$`, examples: words };
  }
  return words ? { enum: words } : { type: takesNumbers ? ['string', 'number'] : 'string' };
};

const fieldSchema = (field: AnyField): Schema => {
  const description = [field.text, field.fallback && `(default: ${field.fallback})`].filter(Boolean).join(' ');
  return { ...(description ? { description } : {}), ...plainSchema(field) };
};

/** What editors read; `# yaml-language-server: $schema=node-config.json` on top of a document names it. */
export const nodeConfigSchema = (): Schema => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:bootwright:schema:node-config:v1alpha1',
  title: 'NodeConfig (node.eks.aws/v1alpha1)',
  $comment: `KubeletConfiguration from the sources of Kubernetes, read on ${KUBELET_CONFIG_DATE}`,
  ...fieldSchema(DOCUMENT),
  $defs: kubeletSchemas(),
});

const formOf = (field: AnyField): string => {
  switch (field.kind) {
    case 'text':
      return field.words ? field.words.join(', ') : (field.form ?? 'text');
    case 'bool':
      return 'true, false';
    case 'count':
      return `${field.min} to ${field.max}`;
    case 'list':
      return `list of ${formOf(field.item)}`;
    case 'map':
      return `${field.key} → ${formOf(field.value)}`;
    case 'free':
      return field.form;
    case 'toml':
      return 'TOML';
    case 'object':
      return 'object';
  }
};

/** Rows: path below spec, form, meaning, default. Objects themselves have none. */
const rowsOf = (field: AnyField, path: string): readonly (readonly string[])[] => {
  if (field.kind === 'object')
    return Object.entries(field.fields).flatMap(([name, inner]) => rowsOf(inner, path === '' ? name : `${path}.${name}`));
  if (field.kind === 'list' && field.item.kind === 'object') return [[path, 'list', field.text, ''], ...rowsOf(field.item, `${path}[]`)];
  return [[path, formOf(field), field.text, field.fallback ?? '']];
};

export const nodeConfigRows = (): readonly (readonly string[])[] => rowsOf(SPEC, '');

/**
 * node build/kubelet-config.ts [GOMODCACHE]: reads KubeletConfiguration (kubelet.config.k8s.io/v1beta1) and the feature gates a kubelet
 * knows out of the Go sources of Kubernetes and writes src/core/data/kubelet-config.ts. Run by hand when a Kubernetes version is added;
 * the sources come with
 *   for v in 1.28.15 …; do for m in kubelet api component-base apiserver apiextensions-apiserver client-go; do go mod download k8s.io/$m@v0.${v#1.}; done
 *   go mod download k8s.io/kubernetes@v$v; done
 */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';

/** One version of each minor that nodeadm's system serves. */
const VERSIONS = '1.28.15 1.29.15 1.30.14 1.31.14 1.32.13 1.33.13 1.34.4 1.35.4 1.36.3'.split(' ');
const TABLE = 'src/core/data/kubelet-config.ts';
const ROOT_TYPE = 'KubeletConfiguration';

/** Go types with a JSON form of their own. */
const OWN_FORMS: Readonly<Record<string, string>> = {
  Duration: 'duration',
  TimeOrMetaDuration: 'duration|int',
  Time: 'string',
  Quantity: 'quantity',
  QuantityValue: 'quantity',
  ResourceList: 'map:quantity',
};
const SCALARS: Readonly<Record<string, string>> = {
  string: 'string',
  bool: 'bool',
  int32: 'int',
  int64: 'int',
  uint32: 'int',
  float64: 'number',
};

interface Field {
  readonly name: string;
  /** As in the sources, without package: `*Duration`, `[]Taint`, `map[string]string`. */
  readonly goType: string;
}

const FIELD = /^\s+(?:(\w+)\s+)?([\w.*[\]]+)\s+`json:"([^"]*)"[^`]*`/;

/** Structs (a list of fields) and named types (another type) of the files. A struct that is embedded `inline` stays a field without name. */
const typesOf = (files: readonly string[]): ReadonlyMap<string, readonly Field[] | string> => {
  const types = new Map<string, readonly Field[] | string>();
  for (const file of files) {
    const source = readFileSync(file, 'utf8');
    for (const [, name = '', body = ''] of source.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
      const fields = body.split('\n').flatMap((line): Field[] => {
        const [, , goType = '', tag = ''] = FIELD.exec(line) ?? [];
        const json = tag.split(',')[0] ?? '';
        return goType === '' || json === '-' ? [] : [{ name: json, goType: goType.replace(/\b\w+\./g, '') }];
      });
      types.set(name, fields);
    }
    for (const [, name = '', goType = ''] of source.matchAll(/^type (\w+) ((?:\[\]|map\[string\])?\w+)$/gm)) types.set(name, goType);
  }
  return types;
};

/** Every field of the root type and of what it is made of: `Struct.field` → form. Forms: bool, string, int, number, duration, quantity, []FORM, map:FORM, Struct, or two with `|`. */
const formsOf = (types: ReadonlyMap<string, readonly Field[] | string>): ReadonlyMap<string, string> => {
  const forms = new Map<string, string>();
  const open = [ROOT_TYPE];
  const formOf = (goType: string): string => {
    const type = goType.replace(/^\*/, '');
    if (type.startsWith('[]')) return `[]${formOf(type.slice(2))}`;
    const map = /^map\[\w+\](.*)$/.exec(type);
    if (map) return `map:${formOf(map[1] ?? '')}`;
    const own = OWN_FORMS[type] ?? SCALARS[type];
    if (own !== undefined) return own;
    const known = types.get(type);
    if (known === undefined) throw new Error(`no type ${type} in the sources`);
    if (typeof known === 'string') return formOf(known);
    if (!open.includes(type)) open.push(type);
    return type;
  };
  const add = (struct: string, fields: readonly Field[]): void => {
    for (const { name, goType } of fields) {
      const inlined = types.get(goType);
      if (name !== '') forms.set(`${struct}.${name}`, formOf(goType));
      else if (goType === 'TypeMeta') for (const meta of ['kind', 'apiVersion']) forms.set(`${struct}.${meta}`, 'string');
      else if (typeof inlined === 'object') add(struct, inlined);
      else throw new Error(`${struct} embeds ${goType}, which is not in the sources`);
    }
  };
  for (const struct of open) add(struct, types.get(struct) as readonly Field[]);
  return forms;
};

/** All gates that the packages register which a kubelet links. A constant that is no longer registered counts too: at worst we say nothing. */
const gatesOf = (cache: string, version: string): ReadonlySet<string> => {
  const part = (module: string): string => resolve(cache, `k8s.io/${module}@v0.${version.slice(2)}`);
  const files = globSync([
    `${resolve(cache, `k8s.io/kubernetes@v${version}`)}/pkg/features/*.go`,
    `${part('apiserver')}/pkg/features/*.go`,
    `${part('apiextensions-apiserver')}/pkg/features/*.go`,
    `${part('client-go')}/features/*.go`,
    `${part('component-base')}/{logs/api/v1,zpages/features,metrics/features,tracing/features,featuregate}/*.go`,
  ]).filter((file) => !file.endsWith('_test.go'));
  const source = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  const found = [...source.matchAll(/^\s*\w+\s+(?:featuregate\.)?Feature\s*=\s*"(\w+)"/gm)].map(([, gate = '']) => gate);
  return new Set([...found, 'AllAlpha', 'AllBeta']);
};

const sourcesOf = (cache: string, version: string): readonly string[] => {
  const part = (path: string): string => {
    const [module = '', ...rest] = path.split('/');
    return resolve(cache, `k8s.io/${module}@v0.${version.slice(2)}`, ...rest);
  };
  // Later files win where two packages have a type of the same name: of k8s.io/api only Taint is wanted.
  const names = ['api/core/v1', 'component-base/tracing/api/v1', 'component-base/logs/api/v1', 'kubelet/config/v1beta1'];
  const paths = names.map((name) => part(`${name}/types.go`));
  for (const path of paths) if (!existsSync(path)) throw new Error(`${path} is not there`);
  return paths;
};

/** Names by the range of minors that have them. */
const rangesOf = (read: (version: string) => Iterable<string>): string => {
  const seen = new Map<string, string[]>();
  for (const version of VERSIONS)
    for (const name of read(version)) seen.set(name, [...(seen.get(name) ?? []), version.replace(/\.\d+$/, '')]);
  const ranges = new Map<string, string[]>();
  for (const [name, minors] of [...seen].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const range = `${minors[0]}-${minors.at(-1)}`;
    ranges.set(range, [...(ranges.get(range) ?? []), name]);
  }
  return [...ranges]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([range, names]) => `  '${range}': '${names.join(' ')}',`)
    .join('\n');
};

const main = (cache: string): void => {
  const root = resolve(import.meta.dirname, '..');
  const fields = rangesOf((version) => [...formsOf(typesOf(sourcesOf(cache, version)))].map(([path, form]) => `${path}=${form}`));
  const source = `\
/** Made by build/kubelet-config.ts from the sources of Kubernetes ${VERSIONS[0]} to ${VERSIONS.at(-1)}: do not edit. */

/** When the sources were read. */
export const KUBELET_CONFIG_DATE = '${new Date().toISOString().slice(0, 10)}';

/**
 * Fields of KubeletConfiguration (kubelet.config.k8s.io/v1beta1) as \`Struct.field=form\`, by the first and the last minor that has them.
 * Forms: bool, string, int, number, duration, quantity, []FORM, map:FORM, the name of a struct, or one of two: a|b.
 */
export const KUBELET_CONFIG_FIELDS: { readonly [range: string]: string } = {
${fields}
};

/** Feature gates that a kubelet knows, by the first and the last minor that has them. It refuses to start with any other. */
export const KUBELET_FEATURE_GATES: { readonly [range: string]: string } = {
${rangesOf((version) => gatesOf(cache, version))}
};
`;
  const biome = resolve(root, 'node_modules/.bin/biome');
  writeFileSync(
    resolve(root, TABLE),
    execFileSync(biome, ['format', `--stdin-file-path=${TABLE}`], { cwd: root, input: source, encoding: 'utf8' }),
  );
};

if (import.meta.main) main(process.argv[2] ?? resolve(homedir(), 'go/pkg/mod'));

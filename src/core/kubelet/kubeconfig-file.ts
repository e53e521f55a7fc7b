/** A kubeconfig as it lies on a node or a laptop: where the API server is, whom to trust, and who calls. */
import { NodeError } from '../errors.ts';
import { jsonOf } from '../formats/tree.ts';
import { yamlTree } from '../formats/yaml-tree.ts';
import type { Json } from '../report.ts';

export interface KubeconfigText {
  readonly path: string;
  readonly text: string;
}

/** A file, by a path that may be relative to the kubeconfig's own folder, or what stands in the kubeconfig itself, in base64. */
export type Material = { readonly path: string; readonly beside: string } | { readonly base64: string };

export interface ExecPlugin {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly apiVersion: string;
}

export interface Kubeconfig {
  /** Of the file that names the cluster. */
  readonly path: string;
  /** https://…, without a slash at its end. */
  readonly server: string;
  readonly serverName?: string;
  /** Absent: the system's authorities. */
  readonly authority?: Material;
  readonly user: {
    readonly exec?: ExecPlugin;
    readonly token?: string;
    readonly tokenFile?: Material;
    readonly certificate?: Material;
    readonly key?: Material;
  };
}

type Fields = { readonly [key: string]: Json };

const isFields = (value: Json | undefined): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const fieldsIn = (value: Json | undefined): Fields => (isFields(value) ? value : {});
const textIn = (fields: Fields, key: string): string | undefined => {
  const value = fields[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
};
const textsIn = (value: Json | undefined): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

const bad = (path: string, message: string, remedy: string): NodeError => new NodeError('CONFIG', `${path} ${message}`, { path, remedy });
const RUN_AGAIN = 'On a node `bootwright bootstrap` writes it anew; elsewhere `aws eks update-kubeconfig` does.';

const documentOf = ({ path, text }: KubeconfigText): { readonly path: string; readonly fields: Fields } => {
  const { tree, faults } = yamlTree(text);
  const value = tree === undefined ? undefined : jsonOf(tree);
  if (!isFields(value)) throw bad(path, `is no kubeconfig: ${faults[0]?.message ?? 'it is no object'}`, RUN_AGAIN);
  return { path, fields: value };
};

interface Entry {
  readonly path: string;
  readonly fields: Fields;
}

/** The first file that has an entry wins, as with kubectl. */
const entryOf = (documents: readonly Entry[], list: string, key: string, name: string): Entry | undefined => {
  for (const { path, fields } of documents) {
    const entries = Array.isArray(fields[list]) ? fields[list] : [];
    const found = entries.map(fieldsIn).find((entry) => entry['name'] === name);
    if (found !== undefined) return { path, fields: fieldsIn(found[key]) };
  }
  return undefined;
};

const materialOf = ({ path, fields }: Entry, key: string): Material | undefined => {
  const base64 = textIn(fields, `${key}-data`);
  if (base64 !== undefined) return { base64 };
  const file = textIn(fields, key);
  return file === undefined ? undefined : { path: file, beside: path };
};

const execOf = (value: Json | undefined): ExecPlugin | undefined => {
  if (!isFields(value)) return undefined;
  const pairs = (Array.isArray(value['env']) ? value['env'] : []).map(fieldsIn);
  return {
    command: textIn(value, 'command') ?? '',
    args: textsIn(value['args']),
    env: Object.fromEntries(pairs.map((pair) => [textIn(pair, 'name') ?? '', textIn(pair, 'value') ?? ''])),
    apiVersion: textIn(value, 'apiVersion') ?? '',
  };
};

const present = <K extends string, T>(key: K, value: T | undefined): { readonly [key in K]?: T } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [key in K]?: T };

/** The cluster and user of a context, by default the current one. @throws NodeError CONFIG */
export const kubeconfigOf = (texts: readonly KubeconfigText[], wanted?: string): Kubeconfig => {
  const documents = texts.map(documentOf);
  const [first] = texts;
  const where = first?.path ?? 'kubeconfig';
  const name = wanted ?? documents.map(({ fields }) => textIn(fields, 'current-context')).find((one) => one !== undefined);
  if (name === undefined) throw bad(where, 'has no current-context', 'Choose one: `kubectl config use-context NAME`, or --context NAME.');
  const context = entryOf(documents, 'contexts', 'context', name);
  if (context === undefined) throw bad(where, `has no context '${name}'`, '`kubectl config get-contexts` lists them.');
  const cluster = entryOf(documents, 'clusters', 'cluster', textIn(context.fields, 'cluster') ?? '');
  const user = entryOf(documents, 'users', 'user', textIn(context.fields, 'user') ?? '');
  const server = textIn(cluster?.fields ?? {}, 'server')?.replace(/\/+$/, '');
  if (cluster === undefined || server === undefined || URL.parse(server)?.protocol !== 'https:')
    throw bad(where, `names no https server for context '${name}'`, RUN_AGAIN);
  const caller: Entry = user ?? { path: where, fields: {} };
  return {
    path: cluster.path,
    server,
    ...present('serverName', textIn(cluster.fields, 'tls-server-name')),
    ...present('authority', materialOf(cluster, 'certificate-authority')),
    user: {
      ...present('exec', execOf(caller.fields['exec'])),
      ...present('token', textIn(caller.fields, 'token')),
      ...present('tokenFile', textIn(caller.fields, 'tokenFile') === undefined ? undefined : materialOf(caller, 'tokenFile')),
      ...present('certificate', materialOf(caller, 'client-certificate')),
      ...present('key', materialOf(caller, 'client-key')),
    },
  };
};

export interface EksToken {
  readonly clusterName: string;
  readonly region?: string;
  readonly role?: string;
}

/** What the options of the three programs mean that make EKS tokens; `''` is read over. */
const OPTIONS: { readonly [option: string]: keyof EksToken | '' } = {
  '-i': 'clusterName',
  '--cluster-id': 'clusterName',
  '--cluster-name': 'clusterName',
  '--region': 'region',
  '-r': 'role',
  '--role': 'role',
  '--role-arn': 'role',
  '--output': '',
};

const VERBS: { readonly [program: string]: readonly string[] } = {
  'aws-iam-authenticator': ['token'],
  bootwright: ['token'],
  aws: ['eks', 'get-token'],
};

/** The token that a plugin would make, where we can make it ourselves; undefined: it asks for more, or is another program. */
export const eksTokenOf = ({ command, args, env }: ExecPlugin): EksToken | undefined => {
  const verbs = VERBS[command.slice(command.lastIndexOf('/') + 1)];
  const words = args.flatMap((arg) => (/^--[\w-]+=/.test(arg) ? [arg.slice(0, arg.indexOf('=')), arg.slice(arg.indexOf('=') + 1)] : [arg]));
  // The CLI takes options before its verbs.
  const rest: string[] = [];
  const found: { -readonly [key in keyof EksToken]?: string } = {};
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const key = Object.hasOwn(OPTIONS, word) ? OPTIONS[word] : undefined;
    if (key === undefined) rest.push(word);
    else if (key === '') i++;
    else found[key] = words[++i] ?? '';
  }
  const { clusterName, ...more } = found;
  if (verbs === undefined || rest.join(' ') !== verbs.join(' ') || !clusterName || Object.keys(env).length > 0) return undefined;
  return { clusterName, ...more };
};

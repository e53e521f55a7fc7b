/** dockerd's configuration, for kubelets before 1.24: the user's document, or the EKS image's with what the flags change in it. */
import type { Content, JsonEntry } from './desired.ts';
import type { Facts } from './facts.ts';
import { jsonText, parsedJson } from './formats/json.ts';
import { DOCKER_CONFIG } from './paths.ts';
import { inputOf } from './provenance.ts';
import {
  type Because,
  type Checked,
  type Decided,
  type Diagnostic,
  isJsonObject,
  type Json,
  type JsonObject,
  type Sourced,
} from './report.ts';
import type { AmazonLinux2Spec } from './spec.ts';

export interface DockerConfig {
  /** `as given`, or the path of the file that is added to. */
  readonly source: Decided<string>;
  readonly content: Content;
  /** What docker will use, and so must the kubelet. */
  readonly cgroupDriver: Decided<string>;
}

const CHANGES = ['--docker-config-json replaces the whole file', '--enable-docker-bridge', `editing ${DOCKER_CONFIG}`];

/** daemon.json of EKS's image (install-worker.sh of amazon-eks-ami's AL2 template); for a node that has none. */
const OF_IMAGE: JsonObject = {
  bridge: 'none',
  'log-driver': 'json-file',
  'log-opts': { 'max-size': '10m', 'max-file': '10' },
  'live-restore': true,
  'max-concurrent-downloads': 10,
  'default-ulimits': { memlock: { Hard: -1, Name: 'memlock', Soft: -1 } },
};

const BRIDGE: JsonObject = { bridge: 'docker0', 'live-restore': false };

/** `nvidiaRuntime`: path of NVIDIA's runtime, which then is the default one; null: none. Errors: a document that is no JSON object. */
export const dockerConfigOf = (spec: AmazonLinux2Spec, facts: Facts, nvidiaRuntime: string | null): Checked<DockerConfig> => {
  const { dockerConfigJson, dockerBridge } = spec.options;
  const bridge = dockerBridge?.value === true ? BRIDGE : {};
  if (dockerConfigJson !== undefined) return given(dockerConfigJson, bridge, nvidiaRuntime);
  const present = facts.host.files?.[DOCKER_CONFIG] ?? null;
  const because: Because = {
    rule: present === null ? 'docker-config.own' : 'docker-config.image',
    text:
      present === null
        ? 'There is no such file, so it is as in an EKS image.'
        : 'The file that is there counts; only what flags or a GPU ask for is changed in it.',
    inputs: [inputOf(facts, `host.files.${DOCKER_CONFIG}`, present === null ? null : `${present.length} characters`)],
  };
  const value: DockerConfig = {
    source: { key: 'dockerConfig', value: DOCKER_CONFIG, because, changes: CHANGES },
    content: { kind: 'json', indent: 2, entries: [...entriesOf(bridge, because), ...nvidiaEntries(nvidiaRuntime)] },
    cgroupDriver: cgroupDriverOf(execOptsIn(present === null ? undefined : objectIn(present)), because.inputs),
  };
  return { value, diagnostics: [] };
};

/** What the image has is written only into a file that is made anew; what the flags ask for, always. */
const entriesOf = (bridge: JsonObject, because: Because): readonly JsonEntry[] =>
  Object.entries(OF_IMAGE).map(([key, value]) =>
    Object.hasOwn(bridge, key)
      ? { path: [key], value: bridge[key] ?? null, policy: 'own', because: BRIDGED }
      : { path: [key], value, policy: 'seed', because },
  );

const BRIDGED: Because = {
  rule: 'docker-config.bridge',
  text: 'Docker gets its bridge network, for builds on the node; live restore does not go with it.',
  inputs: [],
};

const NVIDIA: Because = {
  rule: 'docker-config.nvidia',
  text: 'Docker knows no runtime classes: the GPU comes by the default runtime.',
  inputs: [],
};

const nvidiaEntries = (runtime: string | null): readonly JsonEntry[] =>
  runtime === null
    ? []
    : [
        { path: ['default-runtime'], value: 'nvidia', policy: 'default', because: NVIDIA },
        { path: ['runtimes', 'nvidia', 'path'], value: runtime, policy: 'default', because: NVIDIA },
      ];

const objectIn = (text: string): JsonObject | undefined => {
  const { value } = parsedJson(text, DOCKER_CONFIG);
  return isJsonObject(value) ? value : undefined;
};

/** The document as it was typed, unless something has to go into it. It is not shown: it may hold passwords of proxies. */
const given = ({ value: text, origin, at }: Sourced<string>, bridge: JsonObject, nvidiaRuntime: string | null): Checked<DockerConfig> => {
  const { value: document, diagnostics } = parsedJson(text, at);
  if (document === undefined) return { diagnostics: diagnostics.map((problem) => ({ ...problem, remedy: REMEDY })) };
  if (!isJsonObject(document)) return { diagnostics: [noObject(document, at)] };
  const more: JsonObject = { ...bridge, ...nvidiaKeys(document, nvidiaRuntime) };
  const isChanged = Object.keys(more).length > 0;
  const inputs = [{ name: '--docker-config-json', value: `${text.length} characters`, origin, at }];
  const because: Because = {
    rule: 'docker-config.given',
    text: `The whole file was given${isChanged ? `; ${Object.keys(more).join(', ')} in it ${Object.keys(more).length === 1 ? 'is' : 'are'} ours` : ''}.`,
    inputs,
  };
  const value: DockerConfig = {
    source: { key: 'dockerConfig', value: 'as given', because, changes: CHANGES },
    content: { kind: 'text', text: isChanged ? jsonText({ ...document, ...more }) : `${text}\n` },
    cgroupDriver: cgroupDriverOf(execOptsIn(document), inputs),
  };
  return { value, diagnostics: [] };
};

const REMEDY = 'Give one JSON object, in single quotes for the shell.';

const noObject = (document: Json, path: string): Diagnostic => ({
  severity: 'error',
  code: 'json-not-an-object',
  path,
  message: `it holds ${Array.isArray(document) ? 'an array' : JSON.stringify(document)}, and must hold an object`,
  remedy: REMEDY,
});

/** A default runtime that was given is meant. */
const nvidiaKeys = (document: JsonObject, runtime: string | null): JsonObject => {
  if (runtime === null || document['default-runtime'] !== undefined) return {};
  const runtimes = isJsonObject(document['runtimes']) ? document['runtimes'] : {};
  return { 'default-runtime': 'nvidia', runtimes: { nvidia: { path: runtime }, ...runtimes } };
};

const execOptsIn = (document: JsonObject | undefined): readonly Json[] => {
  const options = document?.['exec-opts'];
  return Array.isArray(options) ? options : [];
};

/** Docker's own default is cgroupfs where there is cgroup v1, as in Amazon Linux 2; the kubelet does not start with another driver. */
const cgroupDriverOf = (execOpts: readonly Json[], inputs: Because['inputs']): Decided<string> => {
  const option = execOpts.findLast((opt) => typeof opt === 'string' && opt.startsWith('native.cgroupdriver='));
  const value = option === 'native.cgroupdriver=systemd' ? 'systemd' : 'cgroupfs';
  const text =
    option === undefined
      ? 'Docker’s own choice on cgroup v1, and both must use the same driver.'
      : 'Docker is configured so in exec-opts, and both must use the same driver.';
  const because = { rule: 'cgroup-driver.dockerd', text, inputs };
  return { key: 'cgroupDriver', value, because, changes: ['native.cgroupdriver in exec-opts of docker’s configuration'] };
};

/** containerd on Amazon Linux 2023: which format, what of the user's is merged in, and what containerd itself has to convert. */
import { containerdMajorOf } from '../containerd.ts';
import { containerdFileDiagnostics } from '../containerd-lint.ts';
import { BASE_RUNTIME_SPEC_DEFAULT } from '../data/oci-runtime-spec.ts';
import { digestOf } from '../digest.ts';
import type { Facts } from '../facts.ts';
import { goJson, mergedJsonObjects, sortedKeys } from '../formats/go-json.ts';
import { jsonText } from '../formats/json.ts';
import { isTable, mergedTables, parsedToml, type TomlTable, tomlValueAt } from '../formats/toml.ts';
import { exactToml, tomlText } from '../formats/toml-write.ts';
import { gateHolds, kubeletVersionOf } from '../kubelet/versions.ts';
import { CONTAINERD_SOCKET, NVIDIA_RUNTIME } from '../paths.ts';
import { inputOf } from '../provenance.ts';
import {
  type Because,
  type Checked,
  type Decided,
  type Diagnostic,
  errorAt,
  hasErrors,
  type Input,
  type Sourced,
  warningAt,
} from '../report.ts';
import type { AmazonLinux2023Spec } from '../spec.ts';
import { containerdText, LOCAL_PAUSE_IMAGE } from './amazon-linux-2023-containerd-text.ts';
import { usesSoci } from './amazon-linux-2023-soci.ts';
import { wordsOf } from './amazon-linux-2023-words.ts';

/** What a user wants merged in; undefined: nothing. `at`: what messages call it. */
const givenOf = (spec: AmazonLinux2023Spec, facts: Facts): Sourced<string> | undefined => {
  const { containerdConfig, containerdConfigFile } = spec.options;
  if (containerdConfigFile === undefined) return containerdConfig;
  const text = facts.host.files?.[containerdConfigFile.value];
  // The placeholder of Amazon Linux 2's templates.
  return typeof text === 'string'
    ? { value: text.replaceAll('SANDBOX_IMAGE', LOCAL_PAUSE_IMAGE), origin: 'host-file', at: containerdConfigFile.value }
    : undefined;
};

const NEW_PLUGINS = ['io.containerd.cri.v1.images', 'io.containerd.cri.v1.runtime'];

/** Is it written for containerd 2? By what stands in it: a mention in a comment does not count, and a version alone does. */
const isForContainerd2 = (table: TomlTable): boolean =>
  table['version'] === 3 || NEW_PLUGINS.some((name) => tomlValueAt(table, ['plugins', name]) !== undefined);

export interface RuntimeFacts {
  readonly major: 1 | 2;
  readonly kubeletVersion: string;
  readonly hasNvidia: boolean;
  readonly soci: boolean;
}

const runtimeFactsOf = (spec: AmazonLinux2023Spec, facts: Facts): RuntimeFacts | undefined => {
  const major = containerdMajorOf(facts).value;
  const kubeletVersion = kubeletVersionOf(facts).value?.value;
  const hasNvidia = facts.host.executables?.[NVIDIA_RUNTIME];
  const soci = usesSoci(spec, facts);
  if (major === undefined || kubeletVersion === undefined || hasNvidia === undefined || soci === undefined) return undefined;
  return { major, kubeletVersion, hasNvidia, soci };
};

interface Rendered {
  readonly text: string;
  readonly version: 2 | 3;
  /** containerd 2 is to convert it. */
  readonly migrates: boolean;
}

const rendered = ({ major, kubeletVersion, hasNvidia, soci }: RuntimeFacts, given: Sourced<string> | undefined): Checked<Rendered> => {
  const input = { enableCdi: gateHolds('enable-cdi', kubeletVersion), runtime: hasNvidia ? 'nvidia' : 'runc', soci } as const;
  if (given === undefined) {
    const version = major === 1 ? 2 : 3;
    return { value: { text: containerdText({ ...input, version }), version, migrates: false }, diagnostics: [] };
  }
  const read = parsedToml(given.value, given.at);
  if (read.value === undefined) return { diagnostics: read.diagnostics.map((diagnostic) => inside(diagnostic, given)) };
  const isNew = isForContainerd2(read.value);
  if (major === 1 && isNew) {
    const remedy = 'Write it in format 2 (plugins."io.containerd.grpc.v1.cri"), or use an image with containerd 2.';
    return {
      diagnostics: [errorAt('containerd-config-too-new', given.at, 'it is for containerd 2, and this node has containerd 1', remedy)],
    };
  }
  const version = major === 2 && isNew ? 3 : 2;
  const merged = mergedTables(exactToml(containerdText({ ...input, version })), {
    ...exactToml(given.value),
    version,
  });
  const text = tomlText(merged);
  const diagnostics = [...formatErrors(read.value, given), ...lintOf(text, given, major)];
  return hasErrors(diagnostics) ? { diagnostics } : { value: { text, version, migrates: major === 2 && !isNew }, diagnostics };
};

/** A place in the TOML is not one in the document that it stands in. */
const inside = (diagnostic: Diagnostic, { origin }: Sourced<string>): Diagnostic => {
  const { line, column, ...rest } = diagnostic;
  if (origin === 'host-file' || line === undefined) return diagnostic;
  return { ...rest, message: `line ${line}, column ${column ?? 1} of the TOML: ${rest.message}` };
};

const formatErrors = (table: TomlTable, { at }: Sourced<string>): readonly Diagnostic[] =>
  table['version'] === undefined || table['version'] === 2 || table['version'] === 3
    ? []
    : [errorAt('containerd-config-version', at, `version is ${JSON.stringify(table['version'])}; there are 2 and 3`, 'Leave it out.')];

const lintOf = (text: string, { at }: Sourced<string>, major: 1 | 2): readonly Diagnostic[] => {
  const table = parsedToml(text, at).value;
  if (table === undefined) throw new Error('the merged configuration of containerd is no TOML');
  const found = containerdFileDiagnostics(table, at, major, LOCAL_PAUSE_IMAGE).filter(({ code }) => code === 'containerd-cgroup-driver');
  const address = tomlValueAt(table, ['grpc', 'address']);
  if (address === CONTAINERD_SOCKET) return found;
  const message = `containerd listens on ${JSON.stringify(address)}, and the kubelet looks for it on ${CONTAINERD_SOCKET}`;
  return [...found, warningAt('containerd-other-socket', at, message, 'Set containerRuntimeEndpoint in the kubelet’s configuration, too.')];
};

/** What `containerd config migrate` is to be asked; undefined: nothing, or it is not known yet. */
export const migrationInputOf = (
  spec: AmazonLinux2023Spec,
  facts: Facts,
): { readonly digest: string; readonly text: string } | undefined => {
  const { containerdConfigFile } = spec.options;
  if (containerdConfigFile !== undefined && facts.host.files?.[containerdConfigFile.value] === undefined) return undefined;
  const runtime = runtimeFactsOf(spec, facts);
  const { value } = runtime ? rendered(runtime, givenOf(spec, facts)) : {};
  return value?.migrates ? { digest: digestOf(value.text), text: value.text } : undefined;
};

export interface ContainerdDecision {
  readonly config: Decided<string>;
  readonly text: string;
  readonly runtime: Decided<string>;
}

/** config.toml. Errors: TOML that is none, a format that this containerd does not read, what containerd says when it converts. */
export const containerdOf = (spec: AmazonLinux2023Spec, facts: Facts): Checked<ContainerdDecision> => {
  const major = containerdMajorOf(facts);
  const file = spec.options.containerdConfigFile;
  if (major.value === undefined) return { diagnostics: major.diagnostics };
  if (file !== undefined && facts.host.files?.[file.value] === null) {
    const remedy = 'Write the file before this runs, or leave the flag out.';
    return { diagnostics: [errorAt('no-containerd-config-file', file.at, `there is no file ${file.value}`, remedy)] };
  }
  const runtime = runtimeFactsOf(spec, facts);
  if (runtime === undefined) return { diagnostics: [] }; // of a kubelet that is refused nothing is known
  const given = givenOf(spec, facts);
  const { value, diagnostics } = rendered(runtime, given);
  if (value === undefined) return { diagnostics };
  const converted = value.migrates ? migratedOf(value.text, given, facts) : { value: value.text, diagnostics: [] };
  if (converted.value === undefined) return { diagnostics: [...diagnostics, ...converted.diagnostics] };
  const decision = {
    config: configDecision(spec, facts, { ...value, given, isConverted: converted.value !== value.text }),
    text: converted.value,
    runtime: runtimeDecision(facts, runtime.hasNvidia),
  };
  return { value: decision, diagnostics: [...diagnostics, ...converted.diagnostics] };
};

const migratedOf = (text: string, given: Sourced<string> | undefined, facts: Facts): Checked<string> => {
  const answer = facts.host.migrated?.[digestOf(text)];
  const at = given?.at ?? '';
  if (answer === undefined) throw new Error('the migrated configuration is not known yet');
  if (answer === null) {
    const message = 'no containerd could be asked to convert it: it is shown in format 2, which containerd 2 reads as well';
    return { value: text, diagnostics: [warningAt('containerd-not-migrated', at, message, 'Write it in format 3, with version = 3.')] };
  }
  if ('text' in answer) return { value: answer.text, diagnostics: [] };
  return { diagnostics: [errorAt('containerd-config-refused', at, `containerd refuses it: ${answer.error}`, 'Correct it.')] };
};

const configDecision = (
  spec: AmazonLinux2023Spec,
  facts: Facts,
  { version, given, migrates, isConverted }: Rendered & { readonly given: Sourced<string> | undefined; readonly isConverted: boolean },
): Decided<string> => {
  const reads = `containerd ${facts.host.containerdVersion} reads format ${version}`;
  const inputs: Input[] = [inputOf(facts, 'host.containerdVersion', facts.host.containerdVersion ?? null)];
  if (given !== undefined)
    inputs.push({ name: 'containerd.config', value: `${given.value.length} characters`, origin: given.origin, at: given.at });
  const [rule, text]: readonly [string, string] = migrates
    ? [
        'migrated',
        `What was given is for containerd 1: it is merged over ours in format 2${isConverted ? ', and containerd has converted that' : ''}.`,
      ]
    : [given ? 'merged' : 'own', given ? `What was given is merged over ours; ${reads}.` : `${reads}.`];
  const because: Because = { rule: `containerd-config.${rule}`, text, inputs };
  const value = `version ${isConverted ? 3 : version}${given ? ', merged' : ''}`;
  return { key: 'containerdConfig', value, because, changes: [wordsOf(spec).containerdConfig] };
};

const runtimeDecision = (facts: Facts, hasNvidia: boolean): Decided<string> => ({
  key: 'containerdRuntime',
  value: hasNvidia ? 'nvidia' : 'runc',
  because: {
    rule: `containerd-runtime.${hasNvidia ? 'nvidia' : 'runc'}`,
    text: hasNvidia ? "The image brings NVIDIA's runtime, which serves pods without a GPU, too." : "There is no runtime of NVIDIA's.",
    inputs: [inputOf(facts, `host.executables.${NVIDIA_RUNTIME}`, hasNvidia)],
  },
  changes: [`an image with, or without, ${NVIDIA_RUNTIME}`],
});

/** base-runtime-spec.json: as the EKS image has it, or with the user's over it. Lists are replaced. */
export const baseRuntimeSpecTextOf = ({ options: { baseRuntimeSpec } }: AmazonLinux2023Spec): string =>
  baseRuntimeSpec === undefined || Object.keys(baseRuntimeSpec.value).length === 0
    ? jsonText(BASE_RUNTIME_SPEC_DEFAULT)
    : goJson(sortedKeys(mergedJsonObjects(BASE_RUNTIME_SPEC_DEFAULT, baseRuntimeSpec.value)), 4);

/** A list of limits takes the place of the default one; containers without RLIMIT_NOFILE get the runtime's own, of any size. */
export const baseRuntimeSpecWarnings = ({ options: { baseRuntimeSpec } }: AmazonLinux2023Spec): readonly Diagnostic[] => {
  const ofProcess = baseRuntimeSpec?.value['process'];
  const rlimits = isTable(ofProcess) ? ofProcess['rlimits'] : undefined;
  if (baseRuntimeSpec === undefined || !Array.isArray(rlimits)) return [];
  if (rlimits.some((one) => isTable(one) && one['type'] === 'RLIMIT_NOFILE')) return [];
  const message =
    'its list of rlimits has no RLIMIT_NOFILE and takes the place of the default one, so containers get no limit of open files';
  return [warningAt('no-file-limit', baseRuntimeSpec.at, message, 'Repeat RLIMIT_NOFILE in it (65536 and 1048576 by default).')];
};

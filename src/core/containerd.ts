/** containerd's config.toml: the user's file, the image's template, or ours, with the sandbox image put in. */
import { containerdFileDiagnostics } from './containerd-lint.ts';
import { withNvidiaRuntime } from './containerd-nvidia.ts';
import type { Facts } from './facts.ts';
import { parsedToml, tomlString } from './formats/toml.ts';
import { AMI_CONTAINERD_CONFIG, CNI_CONFIG_DIR, CONTAINERD_CONFIG, CONTAINERD_DROP_IN_DIR, CONTAINERD_SOCKET } from './paths.ts';
import { inputOf } from './provenance.ts';
import type { Checked, Decided } from './report.ts';
import { hasErrors } from './report.ts';
import type { AmazonLinux2Spec } from './spec.ts';

/** The word in a template that stands for the sandbox image, as in the EKS image's. */
const PAUSE_PLACEHOLDER = 'SANDBOX_IMAGE';

/** Version of the configuration file's format: containerd 2 reads 3 (and converts 2), containerd 1 reads 2 at most. */
export type ConfigVersion = 2 | 3;

const headText = (version: ConfigVersion): string => `version = ${version}
root = "/var/lib/containerd"
state = "/run/containerd"
imports = ["${CONTAINERD_DROP_IN_DIR}/*.toml"]

[grpc]
address = "${CONTAINERD_SOCKET}"
`;

const CERTS = '/etc/containerd/certs.d:/etc/docker/certs.d';

const bodyOf2 = (pauseImage: string): string => `
[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "runc"
discard_unpacked_layers = true

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = ${tomlString(pauseImage)}

[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "${CERTS}"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/opt/cni/bin"
conf_dir = "${CNI_CONFIG_DIR}"
`;

const bodyOf3 = (pauseImage: string): string => `
[plugins."io.containerd.cri.v1.images"]
discard_unpacked_layers = true

[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = ${tomlString(pauseImage)}

[plugins."io.containerd.cri.v1.images".registry]
config_path = "${CERTS}"

[plugins."io.containerd.cri.v1.runtime".containerd]
default_runtime_name = "runc"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
SystemdCgroup = true

[plugins."io.containerd.cri.v1.runtime".cni]
bin_dir = "/opt/cni/bin"
conf_dir = "${CNI_CONFIG_DIR}"
`;

/** Our own text: the EKS image's, for the format that this containerd reads natively. */
export const containerdConfigText = (version: ConfigVersion, pauseImage: string): string =>
  headText(version) + (version === 2 ? bodyOf2(pauseImage) : bodyOf3(pauseImage));

/** containerd's major version, once it is clear that we can configure it. */
export const containerdMajorOf = (facts: Facts): Checked<1 | 2> => {
  const version = facts.host.containerdVersion;
  const refused = (code: string, message: string, remedy: string): Checked<never> => ({
    diagnostics: [{ severity: 'error', code, path: 'containerd', message, remedy }],
  });
  if (version === undefined || version === null) {
    return refused(
      'no-containerd',
      'there is no containerd on this node',
      'Install containerd as /usr/bin/containerd, or use an EKS image.',
    );
  }
  const match = /^v?(\d{1,4})\.(\d{1,4})(?:[.+~-]|$)/.exec(version);
  if (match === null) {
    return refused(
      'unknown-containerd-version',
      `containerd's version '${version}' is not a version`,
      'Check what `containerd --version` prints.',
    );
  }
  const [major, minor] = [Number(match[1]), Number(match[2])];
  if (major === 1 && minor >= 4) return { value: 1, diagnostics: [] };
  if (major === 2) return { value: 2, diagnostics: [] };
  const [what, remedy] =
    major > 2
      ? ['newer than 2, the newest that this bootwright knows', 'Use a newer bootwright.']
      : ['older than 1.4', 'Use an EKS image.'];
  return refused('containerd-version', `containerd ${version} is ${what}`, remedy);
};

/** The text of config.toml, and where it comes from. */
export interface ContainerdConfig {
  /** `bootwright, version 2`, or the file that was used. */
  readonly source: Decided<string>;
  readonly text: string;
}

/** What is put into a text. */
interface Insertions {
  readonly pauseImage: string;
  /** Path of NVIDIA's runtime, which then is the default one; null: none. */
  readonly nvidiaRuntime: string | null;
}

/** --containerd-config-file, else the image's template, else ours. What does not parse is refused before anything is written. */
export const containerdConfigOf = (spec: AmazonLinux2Spec, facts: Facts, insertions: Insertions): Checked<ContainerdConfig> => {
  const major = containerdMajorOf(facts);
  if (major.value === undefined) return major;
  const given = spec.options.containerdConfigFile;
  if (given !== undefined) return fromUser(facts, given, insertions, major.value);
  const template = facts.host.files?.[AMI_CONTAINERD_CONFIG] ?? null;
  return template === null ? ours(facts, insertions, major.value) : fromTemplate(facts, template, insertions, major.value);
};

const CHANGES = [
  '--containerd-config-file uses a file of yours',
  `files in ${CONTAINERD_DROP_IN_DIR} are read on top`,
  `editing ${AMI_CONTAINERD_CONFIG}`,
];
const source = (value: string, because: Decided<string>['because']): Decided<string> => ({
  key: 'containerdConfig',
  value,
  because,
  changes: CHANGES,
});

const ours = (facts: Facts, insertions: Insertions, major: 1 | 2): Checked<ContainerdConfig> => {
  const format: ConfigVersion = major === 1 ? 2 : 3;
  const text = checkedText(containerdConfigText(format, insertions.pauseImage), CONTAINERD_CONFIG, major, insertions);
  if (text.value === undefined) return text;
  const because = {
    rule: 'containerd-config.own',
    text: `The image brings no template; containerd ${facts.host.containerdVersion} reads format ${format}.`,
    inputs: [inputOf(facts, 'host.containerdVersion', facts.host.containerdVersion ?? null)],
  };
  return {
    value: { source: source(`bootwright, version ${format}`, because), text: text.value },
    diagnostics: text.diagnostics,
  };
};

const fromTemplate = (facts: Facts, template: string, insertions: Insertions, major: 1 | 2): Checked<ContainerdConfig> => {
  const { value: text, diagnostics } = checkedText(filledIn(template, insertions.pauseImage), AMI_CONTAINERD_CONFIG, major, insertions);
  if (text === undefined) return { diagnostics };
  const because = {
    rule: 'containerd-config.image',
    text: 'The image brings a template, which people edit: it is used as it is, with the sandbox image put in.',
    inputs: [inputOf(facts, `host.files.${AMI_CONTAINERD_CONFIG}`, `${template.length} characters`)],
  };
  return { value: { source: source(AMI_CONTAINERD_CONFIG, because), text }, diagnostics };
};

const fromUser = (
  facts: Facts,
  given: NonNullable<AmazonLinux2Spec['options']['containerdConfigFile']>,
  insertions: Insertions,
  major: 1 | 2,
): Checked<ContainerdConfig> => {
  const path = given.value;
  const template = facts.host.files?.[path] ?? null;
  if (template === null) {
    const remedy = 'Write the file before bootstrap runs, or leave the flag out.';
    return {
      diagnostics: [{ severity: 'error', code: 'no-containerd-config-file', path: given.at, message: `there is no file ${path}`, remedy }],
    };
  }
  // Only the placeholder: an image that stands in a file of one's own is meant.
  const filled = template.replaceAll(PAUSE_PLACEHOLDER, () => insertions.pauseImage);
  const { value: text, diagnostics } = checkedText(filled, path, major, insertions);
  if (text === undefined) return { diagnostics };
  const because = {
    rule: 'containerd-config.given',
    text: `A file was given; ${PAUSE_PLACEHOLDER} in it is replaced by the sandbox image.`,
    inputs: [
      { name: '--containerd-config-file', value: path, origin: given.origin, at: given.at },
      inputOf(facts, `host.files.${path}`, `${template.length} characters`),
    ],
  };
  return { value: { source: source(path, because), text }, diagnostics };
};

/** The text that containerd reads, with NVIDIA's runtime in it where there is a GPU. Checked as it will be; replacing the placeholder moves no line. */
const checkedText = (filled: string, path: string, major: 1 | 2, { pauseImage, nvidiaRuntime }: Insertions): Checked<string> => {
  const table = parsedToml(filled, path);
  if (table.value === undefined) return table;
  const diagnostics = containerdFileDiagnostics(table.value, path, major, pauseImage);
  if (hasErrors(diagnostics)) return { diagnostics };
  if (nvidiaRuntime === null) return { value: filled, diagnostics };
  const edited = withNvidiaRuntime(filled, nvidiaRuntime, path);
  if (edited.value === undefined) return edited;
  const after = parsedToml(edited.value, path).value ?? table.value;
  return { value: edited.value, diagnostics: [...edited.diagnostics, ...containerdFileDiagnostics(after, path, major, pauseImage)] };
};

/**
 * A template that bootstrap.sh has already filled in holds the image of that run. It is EKS's own if it ends in
 * /eks/pause:<tag>; any other image is what somebody wanted.
 */
const FILLED_IN = /^([ \t]*sandbox(?:_image)?[ \t]*=[ \t]*)(?:"[^"\n]*\/eks\/pause:[^"\n]*"|'[^'\n]*\/eks\/pause:[^'\n]*')/gm;

/** The template with the sandbox image in place of the placeholder, or of an earlier run's image. */
const filledIn = (template: string, pauseImage: string): string =>
  template.includes(PAUSE_PLACEHOLDER)
    ? template.replaceAll(PAUSE_PLACEHOLDER, () => pauseImage)
    : template.replace(FILLED_IN, (_all, assignment: string) => assignment + tomlString(pauseImage));

/** What is wrong, or probably not meant, in a containerd configuration that somebody else wrote. */
import { isTable, type TomlTable, tomlValueAt } from './formats/toml.ts';
import { CONTAINERD_DROP_IN_DIR } from './paths.ts';
import type { Diagnostic } from './report.ts';

/** Where each format keeps the things that an EKS node depends on. Format 1 has CRI's old name as plugin id. */
export const PLACES: readonly { readonly version: 1 | 2 | 3; readonly runtime: readonly string[]; readonly sandbox: readonly string[] }[] =
  [
    { version: 1, runtime: ['plugins', 'cri', 'containerd'], sandbox: ['plugins', 'cri', 'sandbox_image'] },
    {
      version: 2,
      runtime: ['plugins', 'io.containerd.grpc.v1.cri', 'containerd'],
      sandbox: ['plugins', 'io.containerd.grpc.v1.cri', 'sandbox_image'],
    },
    {
      version: 3,
      runtime: ['plugins', 'io.containerd.cri.v1.runtime', 'containerd'],
      sandbox: ['plugins', 'io.containerd.cri.v1.images', 'pinned_images', 'sandbox'],
    },
  ];

type Say = (severity: Diagnostic['severity'], code: string, message: string, remedy: string) => void;

/** All that containerd would refuse or a node would miss. `pauseImage` is the sandbox image that was put in. */
export const containerdFileDiagnostics = (table: TomlTable, path: string, major: 1 | 2, pauseImage: string): readonly Diagnostic[] => {
  const found: Diagnostic[] = [];
  const say: Say = (severity, code, message, remedy) => found.push({ severity, code, path, message, remedy });
  const version = versionOf(table);
  const places = PLACES.find((place) => place.version === version);
  if (places === undefined) {
    say(
      'error',
      'containerd-config-version',
      `version is ${JSON.stringify(table['version'])}; there are 1, 2 and 3`,
      `Write version = ${major === 1 ? 2 : 3}.`,
    );
    return found;
  }
  if (version === 3 && major === 1) {
    const remedy = 'Write the file in version 2, or use an image with containerd 2.';
    say('error', 'containerd-config-too-new', 'version = 3 is for containerd 2, and this node has containerd 1', remedy);
    return found;
  }
  sayRuntime(table, places.runtime, say);
  sayImports(table, say);
  saySandbox(tomlValueAt(table, places.sandbox), places.sandbox, pauseImage, say);
  return found;
};

/** containerd takes a file without version, or with 0, for format 1. */
export const versionOf = (table: TomlTable): unknown => table['version'] || 1;

const sayRuntime = (table: TomlTable, place: readonly string[], say: Say): void => {
  const name = tomlValueAt(table, [...place, 'default_runtime_name']) ?? 'runc';
  const runtime = tomlValueAt(table, [...place, 'runtimes', String(name)]);
  if (isTable(runtime) && tomlValueAt(runtime, ['options', 'SystemdCgroup']) === true) return;
  say(
    'warning',
    'containerd-cgroup-driver',
    `the runtime ${String(name)} has no SystemdCgroup = true, but the kubelet is configured with cgroupDriver systemd`,
    `Set SystemdCgroup = true under [${keyText([...place, 'runtimes', String(name), 'options'])}].`,
  );
};

const sayImports = (table: TomlTable, say: Say): void => {
  const imports = table['imports'];
  if (Array.isArray(imports) && imports.some((entry) => typeof entry === 'string' && entry.startsWith(`${CONTAINERD_DROP_IN_DIR}/`)))
    return;
  const message = `it does not import ${CONTAINERD_DROP_IN_DIR}/*.toml: drop-ins of other tools there have no effect`;
  say('warning', 'containerd-no-imports', message, `Write imports = ["${CONTAINERD_DROP_IN_DIR}/*.toml"] before the first table.`);
};

const saySandbox = (value: unknown, place: readonly string[], pauseImage: string, say: Say): void => {
  if (value === pauseImage) return;
  const key = keyText(place);
  const remedy = `Write ${place.at(-1)} = "SANDBOX_IMAGE" under [${keyText(place.slice(0, -1))}]; the word is replaced.`;
  if (value === undefined)
    say(
      'warning',
      'containerd-no-sandbox-image',
      `it does not set ${key}: pods get containerd's own sandbox image, from registry.k8s.io`,
      remedy,
    );
  else say('warning', 'containerd-other-sandbox-image', `${key} is ${JSON.stringify(value)}, so ${pauseImage} is not used`, remedy);
};

/** A path of keys as it stands in a header. */
export const keyText = (path: readonly string[]): string =>
  path.map((key) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key))).join('.');

/** Kernel parameters and registry mirrors: files of `spec.bootwright` that others read. */
import type { DesiredFile } from '../desired.ts';
import { sortedEntries } from '../formats/go-json.ts';
import { tomlString } from '../formats/toml.ts';
import { CERTS_DIR, SYSCTLS } from '../paths.ts';
import type { AmazonLinux2023Spec } from '../spec.ts';
import { because, textFile } from './files.ts';

/** The host behind a registry's name, where it is another one. */
const SERVERS: { readonly [registry: string]: string } = { 'docker.io': 'registry-1.docker.io' };

/** containerd's word for every registry that has no directory of its own. */
const ALL = '_default';

/** containerd's hosts.toml (docs/hosts.md): the mirrors in their order, then the registry itself. */
const hostsText = (registry: string, mirrors: readonly string[]): string => {
  const server = registry === ALL ? '' : `server = ${tomlString(`https://${SERVERS[registry] ?? registry}`)}\n\n`;
  // A mirror with a path speaks the registry's protocol below it, not below /v2 of its host.
  const hosts = mirrors.map((mirror) => {
    const isBelowPath = new URL(mirror).pathname !== '/';
    return `[host.${tomlString(mirror)}]\n  capabilities = ["pull", "resolve"]\n${isBelowPath ? '  override_path = true\n' : ''}`;
  });
  return `${server}${hosts.join('\n')}`;
};

/** One file a registry. containerd reads them at each pull, so nothing is restarted. */
export const mirrorFiles = ({ options: { extras } }: AmazonLinux2023Spec): readonly DesiredFile[] =>
  Object.entries(extras.registryMirrors?.value ?? {})
    .map(([registry, mirrors]) => [registry === '*' ? ALL : registry, mirrors] as const)
    .filter(([, mirrors]) => mirrors.length > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([registry, mirrors]) =>
      textFile(
        `${CERTS_DIR}/${registry}/hosts.toml`,
        hostsText(registry, mirrors),
        because('mirrors.given', `Mirrors of ${registry} were given.`),
      ),
    );

/** systemd-sysctl reads it at boot; undefined: none were given. */
export const sysctlFile = ({ options: { extras } }: AmazonLinux2023Spec): DesiredFile | undefined => {
  const entries = sortedEntries(extras.sysctls?.value ?? {});
  if (entries.length === 0) return undefined;
  return textFile(
    SYSCTLS,
    entries.map(([name, value]) => `${name} = ${value}\n`).join(''),
    because('sysctls.given', 'Kernel parameters were given.'),
  );
};

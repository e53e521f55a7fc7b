/** How a kubelet serves: its configuration file, the drop-ins over it and its flags over both, as the kubelet itself merges them. */
import { NodeError } from '../errors.ts';
import { jsonOf } from '../formats/tree.ts';
import { yamlTree } from '../formats/yaml-tree.ts';
import type { KubeletArg } from '../kubelet/extra-args.ts';
import type { Json } from '../report.ts';
import type { ServingConfig } from './observation.ts';

export interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

export interface KubeletServing {
  readonly config: ServingConfig;
  readonly certificateDir: string;
  /** 0: it serves nothing. */
  readonly port: number;
  /** Where this machine reaches it. */
  readonly host: string;
}

/** The kubelet's defaults (pkg/kubelet/apis/config/v1beta1/defaults.go, cmd/kubelet/app/options). */
const CERTIFICATE_DIR = '/var/lib/kubelet/pki';
const PORT = 10250;

type Fields = { readonly [key: string]: Json };

const fieldsOf = ({ path, text }: ConfigFile): Fields => {
  const { tree, faults } = yamlTree(text);
  const value = tree === undefined ? undefined : jsonOf(tree);
  if (value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Fields;
  throw new NodeError('CONFIG', `${path} is no kubelet configuration: ${faults[0]?.message ?? 'it is no object'}`, {
    remedy: 'Correct it: the kubelet does not start with it either.',
    path,
  });
};

interface Said {
  readonly value: Json;
  readonly at: string;
}

/** The last file that has a key wins; a flag beats them all. */
const lookUp = (
  files: readonly (readonly [string, Fields])[],
  flags: readonly KubeletArg[],
  key: string,
  flag: string,
): Said | undefined => {
  const given = flags.findLast(({ name }) => name === flag);
  if (given !== undefined) return { value: given.value ?? 'true', at: `--${flag}` };
  const found = files.findLast(([, fields]) => fields[key] !== undefined && fields[key] !== null);
  return found && { value: found[1][key] ?? null, at: `${key} in ${found[0]}` };
};

const isOn = (said: Said | undefined): boolean => said?.value === true || said?.value === 'true' || said?.value === '1';

const GATE = 'RotateKubeletServerCertificate';

/** Where the feature gate behind it was switched off; it is on by default. */
const gateOffAt = (files: readonly (readonly [string, Fields])[], flags: readonly KubeletArg[]): string | undefined => {
  const states = files.flatMap(([path, { featureGates }]) => {
    const gates = typeof featureGates === 'object' && featureGates !== null && !Array.isArray(featureGates) ? (featureGates as Fields) : {};
    return gates[GATE] === undefined ? [] : [{ on: gates[GATE] !== false, at: `featureGates.${GATE} in ${path}` }];
  });
  const given = flags.findLast(({ name }) => name === 'feature-gates')?.value?.match(/\bRotateKubeletServerCertificate=(\w+)/);
  const last = given ? { on: given[1]?.toLowerCase() !== 'false', at: '--feature-gates' } : states.at(-1);
  return last?.on === false ? last.at : undefined;
};

const hostOf = (address: string): string => {
  if (address === '' || address === '0.0.0.0') return '127.0.0.1';
  return address === '::' ? '::1' : address;
};

/** @throws NodeError CONFIG for a file that is none */
export const kubeletServingOf = (flags: readonly KubeletArg[], texts: readonly ConfigFile[]): KubeletServing => {
  const files = texts.map((file) => [file.path, fieldsOf(file)] as const);
  const said = (key: string, flag: string): Said | undefined => lookUp(files, flags, key, flag);
  const text = (key: string, flag: string): string => String(said(key, flag)?.value ?? '');
  const given = said('tlsCertFile', 'tls-cert-file');
  const hasGiven = given !== undefined && given.value !== '' && text('tlsPrivateKeyFile', 'tls-private-key-file') !== '';
  const gateOff = gateOffAt(files, flags);
  const bootstraps = said('serverTLSBootstrap', 'rotate-server-certificates');
  const port = said('port', 'port')?.value ?? PORT;
  return {
    config: {
      bootstraps: isOn(bootstraps) && gateOff === undefined,
      ...(hasGiven ? { tlsCertFile: String(given.value) } : {}),
      at: (hasGiven ? given.at : (gateOff ?? bootstraps?.at)) ?? 'the kubelet’s default',
    },
    certificateDir: flags.findLast(({ name }) => name === 'cert-dir')?.value || CERTIFICATE_DIR,
    port: Number.isInteger(Number(port)) && Number(port) >= 0 && Number(port) < 65536 ? Number(port) : PORT,
    host: hostOf(text('address', 'address')),
  };
};

/** All settings of the variants with Kubernetes: bottlerocket-settings-sdk (settings-extensions), bottlerocket (sources/shared-defaults). */
import type { Rule } from './finding.ts';
import { KUBERNETES } from './kubernetes-settings.ts';
import { NVIDIA } from './nvidia-settings.ts';
import {
  apiclientCommand,
  base64,
  bootConfigKey,
  bootConfigValue,
  byteSize,
  byteSizeOrUnlimited,
  etcHosts,
  flag,
  friendlyVersion,
  hostname,
  i32,
  identifier,
  imageRef,
  ip,
  kmodKey,
  limit,
  secretUrl,
  singleLine,
  sysctlKey,
  text,
  u32,
  url,
  words,
  wrongType,
} from './rules.ts';
import { type Fields, leaf, list, map, type Setting, table } from './setting.ts';

const CAPABILITIES =
  'audit-control audit-read audit-write block-suspend bpf checkpoint-restore chown dac-override dac-read-search fowner fsetid ipc-lock ipc-owner kill lease linux-immutable mac-admin mac-override mknod net-admin net-bind-service net-broadcast net-raw perfmon setgid setfcap setpcap setuid sys-admin sys-boot sys-chroot sys-module sys-nice sys-pacct sys-ptrace sys-rawio sys-resource sys-time sys-tty-config syslog wake-alarm';
const LIMITS =
  'address-space core-file-size cpu-time data-size file-locks file-size locked-memory msgqueue-size nice-priority open-files pending-signals processes realtime-priority realtime-timeout resident-set stack-size';

const same = (names: readonly string[], setting: Setting): Fields => Object.fromEntries(names.map((name) => [name, setting]));

const bootParameters = map(bootConfigKey, list(bootConfigValue), { since: '1.10' });
const mode = leaf(words(['off', 'once', 'always']));

const PULLS: Fields = {
  'max-concurrent-downloads': leaf(i32),
  'max-concurrent-downloads-per-image': leaf(i32),
  'concurrent-download-chunk-size': leaf(byteSizeOrUnlimited),
  'max-concurrent-unpacks': leaf(i32),
  'max-concurrent-unpacks-per-image': leaf(i32),
  'discard-unpacked-layers': leaf(flag),
};

const RUNTIME: Fields = {
  'container-runtime': table({
    'max-container-log-line-size': leaf(i32),
    'max-concurrent-downloads': leaf(i32, { since: '1.10' }),
    'max-concurrent-unpacks': leaf(i32, { after: '1.51' }),
    'concurrent-download-chunk-size': leaf(byteSize, { since: '1.47' }),
    'concurrent-layer-fetch-buffer': leaf(byteSize, { since: '1.47' }),
    'enable-unprivileged-ports': leaf(flag, { since: '1.10' }),
    'enable-unprivileged-icmp': leaf(flag, { since: '1.10' }),
    snapshotter: leaf(words(['overlayfs', 'soci']), { since: '1.44' }),
    'log-level': leaf(words(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'panic']), { after: '1.58' }),
  }),
  'container-runtime-plugins': table(
    { 'soci-snapshotter': table({ 'pull-mode': leaf(words(['parallel-pull-unpack'])), 'parallel-pull-unpack': table(PULLS) }) },
    { since: '1.44' },
  ),
  'container-registry': table({
    mirrors: {
      kind: 'either',
      listSince: '1.1',
      list: list(
        table({
          registry: leaf(singleLine),
          endpoint: list(url),
          capabilities: list(words(['pull', 'resolve', 'push']), { after: '1.58' }),
        }),
      ),
      other: map(singleLine, list(url)),
    },
    ...same(
      ['credentials', 'creds'],
      list(
        table({
          registry: leaf(singleLine),
          username: leaf(singleLine),
          password: leaf(singleLine, { isSecret: true }),
          auth: leaf(base64, { isSecret: true }),
          identitytoken: leaf(singleLine, { isSecret: true }),
        }),
      ),
    ),
  }),
  'oci-defaults': table({
    capabilities: table(same(CAPABILITIES.split(' '), leaf(flag))),
    'resource-limits': table(
      same(
        LIMITS.split(' ').map((name) => `max-${name}`),
        table({ 'hard-limit': leaf(limit), 'soft-limit': leaf(limit) }, { required: ['hard-limit', 'soft-limit'] }),
      ),
    ),
  }),
  'oci-hooks': table({
    'log4j-hotpatch-enabled': leaf(flag, { ignored: ['there is no such hook since Bottlerocket 1.15', 'Remove it.'] }),
  }),
  'image-verifier-plugins': table({ enabled: leaf(flag), notation: table({ trustpolicy: leaf(base64) }) }, { since: '1.51' }),
};

const CONTAINERS: Fields = {
  'host-containers': map(
    identifier,
    table({
      enabled: leaf(flag),
      superpowered: leaf(flag),
      source: leaf(imageRef),
      'user-data': leaf(base64),
      command: list(text),
    }),
  ),
  'bootstrap-containers': map(
    identifier,
    table({ source: leaf(imageRef), mode, 'user-data': leaf(base64), essential: leaf(flag), command: list(text) }),
  ),
  'bootstrap-commands': map(identifier, table({ commands: list(apiclientCommand), mode, essential: leaf(flag) }), { since: '1.22' }),
};

/** A list of URLs; newer systems take tables as well, whose form is not checked here. */
const timeServers: Rule = (tree, target) => {
  if (tree.kind === 'object') return undefined;
  if (tree.kind === 'scalar') return wrongType(tree, 'a list');
  return tree.items.map((item) => (item.kind === 'object' ? undefined : url(item, target))).find((one) => one !== undefined);
};
/** The model has it; its form is not checked here. */
const unchecked: Rule = () => undefined;

const SYSTEM: Fields = {
  motd: leaf(text),
  aws: table({
    region: leaf(singleLine),
    profile: leaf(singleLine),
    config: leaf(base64),
    credentials: leaf(base64, { isSecret: true }),
  }),
  kernel: table({
    lockdown: leaf(words(['none', 'integrity', 'confidentiality'])),
    modules: map(kmodKey, table({ allowed: leaf(flag), autoload: leaf(flag, { since: '1.16' }) })),
    sysctl: map(sysctlKey, text),
    hugepages: leaf(unchecked, { after: '1.57' }),
  }),
  boot: table({
    'kernel-parameters': bootParameters,
    kernel: bootParameters,
    'init-parameters': bootParameters,
    init: bootParameters,
    'reboot-to-reconcile': leaf(flag),
  }),
  ntp: table({
    'time-servers': leaf(timeServers),
    options: list(singleLine, { since: '1.20' }),
    logging: leaf(unchecked, { after: '1.57' }),
  }),
  network: table({
    hostname: leaf(hostname),
    hosts: leaf(etcHosts),
    'https-proxy': leaf(secretUrl),
    'no-proxy': list(singleLine),
    'disable-ipv6': list(singleLine, { after: '1.57' }),
  }),
  dns: table({ 'name-servers': list(ip), 'search-list': list(hostname) }),
  pki: map(identifier, table({ data: leaf(base64), trusted: leaf(flag) })),
  updates: table({
    'metadata-base-url': leaf(url),
    'targets-base-url': leaf(url),
    seed: leaf(u32),
    'version-lock': leaf(friendlyVersion),
    'ignore-waves': leaf(flag),
  }),
  metrics: table({ 'metrics-url': leaf(url), 'send-metrics': leaf(flag), 'service-checks': list(text) }),
  autoscaling: table({ 'should-wait': leaf(flag) }),
  cloudformation: table({ 'should-signal': leaf(flag), 'stack-name': leaf(singleLine), 'logical-resource-id': leaf(singleLine) }),
};

export const SETTINGS = table({ kubernetes: KUBERNETES, ...SYSTEM, ...RUNTIME, ...CONTAINERS, ...NVIDIA });

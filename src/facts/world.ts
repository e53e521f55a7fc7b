/** Everything outside that a decision may ask, behind one door. Reads only; decides nothing. */
import type { ClusterFacts, FactName, Facts, FactsPatch, InstanceFacts } from '../core/facts.ts';
import type { InstanceType } from '../core/kubelet/instance-types.ts';
import { SEARCH_PATH } from '../core/paths.ts';
import type { NodeSpec } from '../core/spec.ts';
import { AWS_DEADLINES, type Aws, type AwsCredentials, type AwsDeadlines, createClock, type Persistence, retriesOf } from './aws.ts';
import { createCredentials } from './credentials.ts';
import type { RegistryLogin } from './ecr.ts';
import { readInput } from './files.ts';
import * as host from './host.ts';
import { createHttp } from './http.ts';
import { createImds, type Imds, type ImdsDeadlines } from './imds.ts';
import { fetchInstanceFact, fetchRegion, isImdsFact } from './instance.ts';
import { readCpuCores, readOnlineCpus, readOnlineMemory } from './sysfs.ts';
import { abortable, type Env, type Progress, type Random, timer } from './wait.ts';

export interface WorldDeadlines {
  readonly imds: Partial<ImdsDeadlines>;
  readonly aws: Partial<AwsDeadlines>;
  /** `kubelet --version` and the like. */
  readonly processMs: number;
  readonly dnsMs: number;
}

export interface WorldOptions {
  readonly env: Env;
  /** `/`, or a directory that holds an image. */
  readonly root: string;
  /** A version that a user gave: no kubelet is asked. */
  readonly kubeletVersionHint?: string | undefined;
  readonly log: { readonly warn: (text: string) => void };
  readonly random: Random;
  /** This machine's clock, in milliseconds since 1970. */
  readonly clock: () => number;
  readonly deadlines?: Partial<WorldDeadlines>;
  /** Called while a wait lasts, once per attempt. */
  readonly progress?: (progress: Progress) => void;
  /** A client that is there already, and stays when the world is closed. */
  readonly imds?: Imds | undefined;
  /** Where IMDS is, in order of preference, instead of what the environment says. */
  readonly imdsEndpoints?: readonly string[];
}

export interface World {
  /** The answer to one fact. `facts` holds what was learnt so far (region, instance id, MAC); `spec` names the cluster; `text`: the need's. @throws NodeError */
  resolve(fact: FactName, facts: Facts, signal?: AbortSignal, spec?: NodeSpec, text?: string): Promise<FactsPatch>;
  /** These facts will be asked soon: what they need besides is fetched meanwhile. Failures show when they are asked. */
  prefetch(facts: readonly FactName[]): void;
  /** An AWS API may be asked, once more is known: the first step to credentials is made meanwhile. */
  anticipate(): void;
  /** @throws NodeError */
  credentials(signal?: AbortSignal): Promise<AwsCredentials>;
  /** AWS_REGION, AWS_DEFAULT_REGION, else this instance's. @throws NodeError */
  region(signal?: AbortSignal): Promise<string>;
  /** Credentials of another role (STS AssumeRole). @throws NodeError */
  assumeRole(region: string, roleArn: string, sessionName: string, signal?: AbortSignal): Promise<AwsCredentials>;
  /** The ARN that STS knows our credentials by. @throws NodeError */
  callerArn(region: string, signal?: AbortSignal): Promise<string>;
  /** What EKS says of a cluster. @throws NodeError */
  describeCluster(region: string, name: string, signal?: AbortSignal): Promise<ClusterFacts>;
  /** Instance types of a region, those of these names or all; what the region does not have is missing. @throws NodeError */
  describeTypes(region: string, names: readonly string[] | undefined, signal?: AbortSignal): Promise<readonly InstanceType[]>;
  /** ECR's user and password. Secret. @throws NodeError */
  registryLogin(region: string, signal?: AbortSignal): Promise<RegistryLogin>;
  close(): Promise<void>;
}

/** Answered by an AWS API, so credentials will be needed. */
const isApiFact = (fact: FactName): boolean => fact === 'cluster' || fact === 'instance.privateDnsName' || fact === 'instance.typeLimits';

const known = <T>(value: T | undefined, name: string): T => {
  if (value === undefined) throw new Error(`asked too early: ${name} is not known yet`);
  return value;
};

/** The one place where capabilities are made; nothing is contacted before it is asked. */
export const createWorld = (options: WorldOptions): World => {
  const { env, root, random, clock, deadlines = {} } = options;
  const warn = options.log.warn;
  const progress = options.progress ?? (() => undefined);
  const awsDeadlines = { ...AWS_DEADLINES, ...deadlines.aws };
  const own = (): Imds =>
    createImds({
      env,
      random,
      progress,
      ...(deadlines.imds ? { deadlines: deadlines.imds } : {}),
      ...(options.imdsEndpoints ? { endpoints: options.imdsEndpoints } : {}),
    });
  const imds = options.imds ?? own();
  const http = createHttp({ env, connectTimeoutMs: awsDeadlines.connectMs, proxy: true });
  const credentials = createCredentials({ env, imds, http, clock, requestMs: awsDeadlines.requestMs, warn });
  const aws: Aws = { env, http, random, clock, timer, deadlines: awsDeadlines, credentials: credentials.get, progress, warn };
  const api = createApi(aws);
  const onHost: host.HostOptions = { env, root, random, processMs: deadlines.processMs ?? 10_000, dnsMs: deadlines.dnsMs ?? 10_000 };

  const resolve: World['resolve'] = async (fact, facts, signal, spec, text) => {
    if (isImdsFact(fact)) return fetchInstanceFact(imds, fact, facts.instance, signal);
    if (isApiFact(fact)) return api.resolve(fact, facts.instance, spec, signal);
    if (fact === 'host.kubeletVersion' && options.kubeletVersionHint) return { host: { kubeletVersion: options.kubeletVersionHint } };
    if (fact === 'host.firewallRules') return { host: { firewallRules: await host.readFirewallRules(onHost, warn, signal) } };
    if (fact.startsWith('host.migrated:')) {
      const migrated = await host.migrateContainerdConfig(onHost, known(text, 'the text to convert'), signal);
      return { host: { migrated: { [fact.slice('host.migrated:'.length)]: migrated } } };
    }
    return { host: await hostFact(fact, onHost, signal, spec) };
  };
  return {
    resolve,
    prefetch: (facts) => {
      if (!facts.some(isApiFact)) return;
      credentials.get().catch(() => undefined);
      if (facts.includes('cluster')) void import('./eks.ts').then(({ loadEks }) => loadEks());
      if (facts.some((fact) => fact !== 'cluster')) void import('./ec2.ts');
    },
    anticipate: credentials.anticipate,
    credentials: (signal) => abortable(credentials.get(), signal),
    region: async (signal) => env.AWS_REGION || env.AWS_DEFAULT_REGION || fetchRegion(imds, signal),
    assumeRole: api.assumeRole,
    callerArn: api.callerArn,
    describeCluster: api.describeCluster,
    describeTypes: api.describeTypes,
    registryLogin: api.registryLogin,
    close: async () => {
      await Promise.all([options.imds === undefined && imds.close(), http.close()]);
    },
  };
};

const DEFAULT_RETRIES = { value: 3, origin: 'default' } as const;

/** The AWS APIs, each module loaded when it is asked. They share one clock: a correction that one learns serves all. */
const createApi = (aws: Aws) => {
  const serverClock = createClock(aws.clock);
  const how = (spec: NodeSpec | undefined, signal: AbortSignal | undefined): Persistence => ({
    retries: retriesOf(aws.env, spec?.apiRetryAttempts ?? DEFAULT_RETRIES),
    clock: serverClock,
    signal,
  });
  const resolve = async (
    fact: FactName,
    instance: InstanceFacts,
    spec: NodeSpec | undefined,
    signal: AbortSignal | undefined,
  ): Promise<FactsPatch> => {
    const region = known(instance.region, 'instance.region');
    // Only an instance asks for its own name, and at boot: its role may be as new as itself.
    const denialPasses = spec !== undefined || fact === 'instance.privateDnsName';
    const persistence = { ...how(spec, signal), denialPasses };
    if (fact === 'cluster') {
      const { describeCluster } = await import('./eks.ts');
      const name = known(spec, 'the cluster name').cluster.name.value;
      return { cluster: await describeCluster(aws, { name, region, ...persistence }) };
    }
    const { describePrivateDnsName, describeTypeLimits } = await import('./ec2.ts');
    if (fact === 'instance.privateDnsName') {
      return { instance: { privateDnsName: await describePrivateDnsName(aws, region, known(instance.id, 'instance.id'), persistence) } };
    }
    const type = known(instance.type, 'instance.type');
    return { instanceTypes: { [type]: await describeTypeLimits(aws, region, type, persistence) } };
  };
  const assumeRole: World['assumeRole'] = async (region, roleArn, sessionName, signal) =>
    (await import('./sts.ts')).assumeRole(aws, region, roleArn, sessionName, how(undefined, signal));
  const callerArn: World['callerArn'] = async (region, signal) => (await import('./sts.ts')).callerArn(aws, region, how(undefined, signal));
  const describe: World['describeCluster'] = async (region, name, signal) =>
    (await import('./eks.ts')).describeCluster(aws, { name, region, ...how(undefined, signal) });
  const registryLogin: World['registryLogin'] = async (region, signal) =>
    (await import('./ecr.ts')).fetchRegistryLogin(aws, region, how(undefined, signal));
  const describeTypes: World['describeTypes'] = async (region, names, signal) =>
    (await import('./instance-types.ts')).describeTypes(aws, region, names, how(undefined, signal));
  return { resolve, assumeRole, callerArn, describeCluster: describe, describeTypes, registryLogin };
};

const isNamedByUser = (spec: NodeSpec | undefined, path: string): boolean => spec?.options.containerdConfigFile?.value === path;

const volume = async (device: string, { env, processMs }: host.HostOptions, signal: AbortSignal | undefined) => {
  const { LIVE, readVolume } = await import('./disks.ts');
  return readVolume(device, { ...LIVE, searchPath: env['PATH'] || SEARCH_PATH, self: process.execPath, processMs }, signal);
};

const localDisks = async ({ env, processMs }: host.HostOptions, signal: AbortSignal | undefined) => {
  const { LIVE, readLocalDisks } = await import('./disks.ts');
  return readLocalDisks({ ...LIVE, searchPath: env['PATH'] || SEARCH_PATH, self: process.execPath, processMs }, signal);
};

const hostFact = async (
  fact: FactName,
  on: host.HostOptions,
  signal: AbortSignal | undefined,
  spec: NodeSpec | undefined,
): Promise<Facts['host']> => {
  const [kind, ...rest] = fact.split(':');
  const argument = rest.join(':');
  switch (kind) {
    case 'host.arch':
      return { arch: host.archOf() };
    case 'host.cpus':
      return { cpus: host.cpusOf() };
    case 'host.onlineCpus':
      return { onlineCpus: readOnlineCpus(on.env) };
    case 'host.cpuCores':
      return { cpuCores: readCpuCores(on.env) };
    case 'host.onlineMemory':
      return { onlineMemory: readOnlineMemory() };
    case 'host.kubeletVersion':
      return { kubeletVersion: await host.fetchKubeletVersion(on, signal) };
    case 'host.containerdVersion':
      return { containerdVersion: await host.fetchContainerdVersion(on, signal) };
    case 'host.nvidiaDevice':
      return { nvidiaDevice: host.hasNvidiaDevice(on.root) };
    case 'host.fips':
      return { fips: host.readFips() };
    case 'host.bpfMounts':
      return { bpfMounts: host.readBpfMounts(on.root) };
    case 'host.volume':
      return { volumes: on.root === '/' ? { [argument]: await volume(argument, on, signal) } : null };
    case 'host.localDisks':
      return { localDisks: on.root === '/' ? await localDisks(on, signal) : null };
    case 'host.resolves':
      return { resolves: { [argument]: await host.resolves(on, argument, signal) } };
    case 'host.addresses': {
      const { fetchAddresses } = await import('./addresses.ts');
      return { addresses: { [argument]: await fetchAddresses(on, argument, signal) } };
    }
    case 'host.file':
      return { files: { [argument]: readInput(on.root, argument, isNamedByUser(spec, argument)) } };
    case 'host.executable':
      return { executables: { [argument]: host.isExecutableIn(on.root, argument) } };
    default:
      throw new Error(`no source for ${fact}`);
  }
};

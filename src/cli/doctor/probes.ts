/** The capabilities that checks look by, for one run: what several of them ask is asked once. */

import type { AnonymousAnswer, Probes } from '../../checks/probes.ts';
import type { Api } from '../../cluster/api.ts';
import { authoritiesOf, type Connection } from '../../cluster/connect.ts';
import type { Observation } from '../../core/csr/observation.ts';
import { partitionOf } from '../../core/data/partitions.ts';
import { NodeError } from '../../core/errors.ts';
import type { Kubeconfig } from '../../core/kubelet/kubeconfig-file.ts';
import { givenEndpoint } from '../../facts/aws.ts';
import { endpointOf } from '../../facts/endpoints.ts';
import { fileInRoot } from '../../facts/files.ts';
import { createHttp, type Http, proxyOf } from '../../facts/http.ts';
import { createImds, type Imds, type ImdsDeadlines, imdsEndpointsOf } from '../../facts/imds.ts';
import { lookUp, reachTcp, reachTls } from '../../facts/reach.ts';
import { DEFAULT_SOURCE, readSources } from '../../facts/sources.ts';
import { trustedAuthorities } from '../../facts/trust.ts';
import { once } from '../../facts/wait.ts';
import type { World, WorldDeadlines } from '../../facts/world.ts';
import type { UnitState } from '../../node/systemd.ts';
import type { Context } from '../command.ts';
import { authoritiesIn, connectTo, readKubeconfig } from '../csr/connection.ts';
import { seeKubelet } from '../csr/kubelet.ts';
import { type ApiSource, observeCsr } from '../csr/observe.ts';
import type { Machine } from '../machine.ts';
import { openWorld, plainWatch } from '../world.ts';
import { fileProbes, kubeletProxy } from './files.ts';

/** A person waits, and each failure is told: one quick second try, and no patience with what may appear. */
const IMDS: Partial<ImdsDeadlines> = {
  connectMs: 2_000,
  requestMs: 3_000,
  totalMs: 4_000,
  appearMs: 0,
  backoff: { baseMs: 100, capMs: 500 },
};
const AWS: WorldDeadlines['aws'] = {
  connectMs: 3_000,
  requestMs: 5_000,
  totalMs: 10_000,
  backoff: { baseMs: 200, capMs: 500 },
  poll: { baseMs: 1_000, capMs: 2_000 },
};
const CONNECT_MS = 5_000;
const GLANCE_MS = 4_000;
const JOURNAL_MS = 15 * 60_000;

interface Clients {
  readonly machine: Machine;
  readonly context: Context;
  readonly imds: Imds;
  readonly world: World;
  readonly kubeconfig: () => Promise<Kubeconfig>;
  readonly connection: (kubeconfig: Kubeconfig) => Connection;
}

const observer = ({ machine, context, kubeconfig, connection }: Clients) => {
  const source = (found: Kubeconfig): ReturnType<ApiSource> => ({ api: apiOf(found), authorities: authoritiesIn(found) });
  const apiOf = (found: Kubeconfig): Api => connection(found).api;
  const look = async (isOffline: boolean): Promise<Observation> => {
    const found = await kubeconfig().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    const give: ApiSource = () => {
      if ('error' in found) throw found.error;
      return source(found.value);
    };
    return observeCsr({ machine, context, source: give, isOffline });
  };
  return { local: once(() => look(true)), cluster: once(() => look(false)) };
};

/** Of a server that is asked for nothing in particular; any answer has the time in its head. */
const skewBy = async (http: Http, url: string, now: () => number, signal: AbortSignal): Promise<number | undefined> => {
  try {
    const { headers } = await http.send({ url, timeoutMs: GLANCE_MS, signal });
    const date = Date.parse(headers['date'] ?? '');
    return Number.isNaN(date) ? undefined : (now() - date) / 1000;
  } catch {
    return undefined;
  }
};

/** What a node asks at boot and by its pods' images. */
const SERVICES = ['eks', 'ec2', 'sts', 'ecr', 's3'] as const;

const urlOf = (service: (typeof SERVICES)[number], region: string, env: Context['env']): string => {
  if (service === 'ec2' || service === 'sts' || service === 'ecr') return endpointOf(service, region, env);
  const given = service === 'eks' ? givenEndpoint(env, service) : env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'];
  return given ?? `https://${service}.${region}.${partitionOf(region).dnsSuffix}`;
};

const reachAws = async ({ world, context }: Clients, http: Http, signal: AbortSignal): ReturnType<Probes['awsEndpoints']> => {
  const region = await world.region(signal);
  return Promise.all(
    SERVICES.map(async (service) => {
      const url = urlOf(service, region, context.env);
      const { host } = new URL(url);
      try {
        await http.send({ url: `${url}/`, timeoutMs: GLANCE_MS, signal });
        return { service, host };
      } catch (error) {
        signal.throwIfAborted();
        return { service, host, failure: (error as Error).message };
      }
    }),
  );
};

const readUserData = async ({ imds, context }: Clients, signal: AbortSignal): ReturnType<Probes['userData']> => {
  const { documentsNamed } = await import('../node-config.ts');
  const read = await readSources([DEFAULT_SOURCE], { imds: () => imds, stdin: async () => new Uint8Array(), cwd: context.cwd, signal });
  const { documents, diagnostics } = await documentsNamed({ ...read, names: [DEFAULT_SOURCE] }, { isStrict: false, isCompat: false });
  return { count: documents.length, diagnostics };
};

const networkProbes = (clients: Clients, http: Http, strangers: () => Promise<Http>, plain: Http) => {
  const { context, imds, world, kubeconfig } = clients;
  const now = (): number => context.now().getTime();
  const anonymous = async (path: string, signal: AbortSignal): Promise<AnonymousAnswer> => {
    const { server } = await kubeconfig();
    try {
      const { status } = await (await strangers()).send({ url: `${server}${path}`, timeoutMs: CONNECT_MS, signal });
      return { ok: true, status };
    } catch (error) {
      signal.throwIfAborted();
      return { ok: false, text: (error as Error).message };
    }
  };
  const clockSkew: Probes['clockSkew'] = async (against, signal) => {
    if (against === 'imds') return skewBy(plain, `${imdsEndpointsOf(context.env)[0]}/`, now, signal);
    if (against === 'api-server') {
      const asked = await Promise.all([kubeconfig(), strangers()]).catch(() => undefined);
      return asked && skewBy(asked[1], `${asked[0].server}/livez`, now, signal);
    }
    const region = await world.region(signal).catch(() => undefined);
    return region === undefined ? undefined : skewBy(http, `${endpointOf('sts', region, context.env)}/`, now, signal);
  };
  return {
    imds,
    credentials: world.credentials,
    region: world.region,
    callerArn: async (signal) => world.callerArn(await world.region(signal), signal),
    token: async ({ clusterName, region }, signal) => {
      const { tokenOf } = await import('../../cluster/token.ts');
      const [credentials, where] = await Promise.all([world.credentials(signal), region ?? world.region(signal)]);
      return (await tokenOf({ clusterName, region: where, credentials, now: context.now(), env: context.env })).token;
    },
    lookUp,
    tcp: (host, port, signal) => reachTcp(host, port, CONNECT_MS, signal),
    tls: (wish, signal) => reachTls({ ...wish, ca: wish.ca ?? trustedAuthorities(context.env).join('\n'), timeoutMs: CONNECT_MS }, signal),
    anonymous,
    clockSkew,
    describeCluster: async (name, region, signal) => world.describeCluster(region ?? (await world.region(signal)), name, signal),
    awsEndpoints: (signal) => reachAws(clients, http, signal),
    userData: (signal) => readUserData(clients, signal),
    proxyFor: (url) => proxyOf(url, context.env),
  } satisfies Partial<Probes>;
};

export interface OpenProbes {
  readonly probes: Probes;
  readonly close: () => Promise<void>;
}

/** Of one unit; that there is no systemd is said in a line. @throws NodeError */
const unitState = async ({ systemd }: Machine, name: string): Promise<UnitState> => {
  const states = await systemd.states([name]).catch((error: unknown) => {
    if (!(error instanceof NodeError)) throw error;
    const { code, message, remedy = 'See `systemctl status`.' } = error;
    throw new NodeError(code, message.replace(/^systemctl show .*? failed: /, 'systemd does not answer: '), { remedy, cause: error.cause });
  });
  const state = states.get(name);
  if (state === undefined) throw new Error(`systemctl said nothing of ${name}`);
  return state;
};

/** Nothing is contacted before a check asks. */
export const openProbes = (machine: Machine, caller: Context): OpenProbes => {
  // By the kubelet's way out, which a person's shell does not know of.
  const context = { ...caller, env: { ...caller.env, ...kubeletProxy(machine) } };
  const { env, random } = context;
  const { root, systemd } = machine;
  const imds = createImds({ env, random, deadlines: IMDS });
  const quiet = { ...plainWatch(context), info: () => undefined, warn: () => undefined };
  const { world, close: closeWorld } = openWorld(context, root, quiet, { aws: AWS }, imds);
  const http = createHttp({ env, connectTimeoutMs: CONNECT_MS, proxy: true });
  const plain = createHttp({ env, connectTimeoutMs: CONNECT_MS, proxy: false });
  const connections: { readonly close: () => Promise<void> }[] = [http, plain];
  const keep = <T extends { readonly close: () => Promise<void> }>(made: T): T => {
    connections.push(made);
    return made;
  };
  const kubeconfig = once(async () => readKubeconfig([fileInRoot(root, (await seeKubelet(machine, context.now())).kubeconfig)]));
  const authorities = once(async () => authoritiesOf(await kubeconfig()));
  let connection: Connection | undefined;
  const clients: Clients = {
    machine,
    context,
    imds,
    world,
    kubeconfig,
    connection: (found) => {
      connection ??= keep(connectTo(found, world, context));
      return connection;
    },
  };
  // As the kubelet trusts, but nobody in particular.
  const strangers = once(async () => {
    const { createSecureContext } = await import('node:tls');
    const ca = (await authorities()) ?? trustedAuthorities(env);
    return keep(
      createHttp({ env, connectTimeoutMs: CONNECT_MS, proxy: true, tls: async () => ({ secureContext: createSecureContext({ ca }) }) }),
    );
  });
  const probes: Probes = {
    now: () => context.now().getTime(),
    kubeconfig,
    authorities,
    ...networkProbes(clients, http, strangers, plain),
    ...observer(clients),
    ...fileProbes(machine),
    unit: (name) => unitState(machine, name),
    journal: (unit) => systemd.journal(unit, { lines: 300, sinceMs: context.now().getTime() - JOURNAL_MS }).catch(() => []),
  };
  const close = async (): Promise<void> => {
    await Promise.all(connections.map((one) => one.close()));
    await Promise.all([closeWorld(), imds.close()]);
  };
  return { probes, close };
};

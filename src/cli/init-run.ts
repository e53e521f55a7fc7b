/** `init`: documents, cache and phases around the run that makes a node. */
import { existsSync } from 'node:fs';
import type { ReadOptions } from '../core/config/node-config/read.ts';
import type { Plan } from '../core/desired.ts';
import { NodeError } from '../core/errors.ts';
import type { FactsPatch } from '../core/facts.ts';
import { type Diagnostic, hasErrors, warningsIn } from '../core/report.ts';
import type { AmazonLinux2023Spec } from '../core/spec.ts';
import { type Phase, phasePlan } from '../core/targets/amazon-linux-2023-phases.ts';
import { processEnvironmentOf } from '../core/targets/amazon-linux-2023-proxy.ts';
import type { Imds } from '../facts/imds.ts';
import type { Log } from '../log.ts';
import { type Context, Refused } from './command.ts';
import { type Cached, cachedInstead, isCached, isSameSpec, readCache, writeCache } from './config-cache.ts';
import { type Configured, configuredOf, startedBySystemd } from './configured.ts';
import { runHooks } from './hooks.ts';
import { runLocked } from './locked-run.ts';
import type { Machine } from './machine.ts';
import { documentsNamed, sourcesNamed } from './node-config.ts';
import type { VerifyLevel, Voice } from './node-run.ts';
import { diagnosticLine } from './present/diagnostics.ts';
import { openImds } from './world.ts';

export interface InitRun {
  /** As they were named; none: user data. */
  readonly sources: readonly string[];
  readonly modes: Omit<ReadOptions, 'checkCel'>;
  /** A file. */
  readonly cache: string | undefined;
  readonly phases: ReadonlySet<Phase>;
  /** undefined: all. */
  readonly daemons: ReadonlySet<string> | undefined;
  readonly verify: VerifyLevel;
  readonly machine: Machine;
  readonly command: string;
  readonly log: Log;
  readonly context: Context;
}

interface Resolved extends Configured {
  readonly warnings: readonly Diagnostic[];
  /** What an earlier run of this boot has learnt. */
  readonly known: FactsPatch;
  /** The documents are not those of the cache. */
  readonly hasChanged: boolean;
}

const cachedOf = async ({ cache, context }: InitRun): Promise<Cached | undefined> => {
  const found = cache === undefined ? undefined : await readCache(cache, context);
  return found !== undefined && isCached(found) ? found : undefined;
};

/** The documents of the sources, else of the cache. Throws Refused with all that is wrong with them. */
const resolved = async ({ sources, modes, cache, log, context }: InitRun, found: Cached | undefined, imds: Imds): Promise<Resolved> => {
  const named = await sourcesNamed(sources, context, imds);
  const fresh = await documentsNamed(named, modes);
  const isFromCache = fresh.documents.length === 0 && fresh.isComplete && found !== undefined;
  const read = isFromCache ? cachedInstead(fresh, found, cache ?? '') : fresh;
  const { value, diagnostics } = await configuredOf(read, named.names, modes, context.env);
  if (value === undefined || hasErrors(diagnostics)) {
    // Why a source holds no document at all is a warning about it.
    for (const warning of warningsIn(diagnostics)) log.warn(diagnosticLine(warning));
    throw new Refused(diagnostics);
  }
  const isSame = found !== undefined && (isFromCache || isSameSpec(read, found.read));
  const { cluster, ...known } = found?.facts ?? {};
  return {
    ...value,
    warnings: warningsIn(diagnostics),
    // It may be another cluster.
    known: { ...known, ...(isSame && cluster ? { cluster } : {}) },
    hasChanged: found !== undefined && !isSame,
  };
};

const PHASE_TEXT: Readonly<Record<Phase, string>> = {
  config: 'the files are written; `init --skip config` sets up disks and starts containerd and the kubelet',
  run: 'containerd and the kubelet are started',
};

const textOf = (plan: Plan, key: string): string => {
  const value = plan.decisions.find((decision) => decision.key === key)?.value;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value ?? null);
};

const voiceOf = (phases: ReadonlySet<Phase>): Voice => ({
  asking: (_spec, needs) => (needs.some(({ fact }) => fact === 'cluster') ? ['EKS is asked for what is not said of the cluster'] : []),
  decided: (spec, facts, plan) => [
    `cluster ${spec.cluster.name.value}, ${facts.instance.type ?? 'an instance'} ${facts.instance.id ?? ''}, kubelet ${facts.host.kubeletVersion}`,
    `max pods ${textOf(plan, 'maxPods')}, node IP ${textOf(plan, 'nodeIp')}, cluster DNS ${textOf(plan, 'clusterDNS')}`,
  ],
  done: phases.size === 2 ? 'done!' : `done! ${[...phases].map((phase) => PHASE_TEXT[phase]).join('')}`,
});

/** Phases that are done: a configuration that is not the one of the files is written whatever was asked. */
const phasesOf = ({ phases, cache, log }: InitRun, hasChanged: boolean): ReadonlySet<Phase> => {
  if (!hasChanged || cache === undefined || phases.has('config')) return phases;
  log.info('the configuration has changed since the files were written: they are written again');
  return new Set<Phase>(['config', ...phases]);
};

/** A cache that cannot be written costs the second half its questions; the node is what matters. */
const keep = (write: () => void, log: Log): void => {
  try {
    write();
  } catch (error) {
    if (!(error instanceof NodeError)) throw error;
    log.warn(`no cache: ${error.message}`);
  }
};

const CLOUD_INIT_RESULT = '/run/cloud-init/result.json';

/** Started by user data it would take what comes later of it by surprise (amazon-eks-ami #2604). */
const warnIfTooEarly = ({ phases, machine, log }: Pick<InitRun, 'phases' | 'machine' | 'log'>): void => {
  if (phases.has('run') && machine.live && !existsSync(CLOUD_INIT_RESULT))
    log.warn('cloud-init has not ended: leave starting the node to nodeadm-run.service, and do not call init in user data');
};

/** Resolves to the exit code. Throws Refused, NodeError. */
export const runInit = async (init: InitRun, printsReport: boolean): Promise<number> => {
  const found = await cachedOf(init);
  const { imds, close } = openImds(init.context, init.log, found?.facts.instance === undefined);
  try {
    return await runResolved(init, await resolved(init, found, imds), imds, printsReport);
  } finally {
    await close();
  }
};

/**
 * Who calls both phases by hand may have had a document that the units of the boot will not find: the node comes back all the same, with
 * the files of now.
 */
const asCalled = (spec: AmazonLinux2023Spec, { phases }: InitRun): AmazonLinux2023Spec =>
  phases.size === 2 ? startedBySystemd(spec) : spec;

const runResolved = async (init: InitRun, resolution: Resolved, imds: Imds, printsReport: boolean): Promise<number> => {
  const { cache, daemons, machine, command, log, context } = init;
  const { documents, warnings, known, hasChanged } = resolution;
  const spec = asCalled(resolution.spec, init);
  log.info(`read ${documents.map(({ raw }) => raw.label).join(', ')}`);
  for (const warning of warnings) log.warn(diagnosticLine(warning));
  const phases = phasesOf(init, hasChanged);
  if (phases.size === 0) {
    log.info('nothing to do: both phases are skipped');
    return 0;
  }
  warnIfTooEarly({ phases, machine, log });
  const hooks = spec.options.extras.hooks?.value ?? {};
  return runLocked(
    {
      spec,
      command,
      warnings,
      verify: phases.has('run') && (daemons?.has('kubelet') ?? true) ? init.verify : 'none',
      machine,
      log,
      context: { ...context, env: { ...context.env, ...processEnvironmentOf(spec) } },
      voice: voiceOf(phases),
      known,
      imds,
      planOf: (desired, observed) => phasePlan(desired, observed, { phases, ...(daemons ? { daemons } : {}) }),
      before: async () => (phases.has('config') && machine.live ? runHooks('pre', hooks.pre ?? [], machine, log, context) : undefined),
      after: async (facts) => {
        if (phases.has('config') && cache !== undefined) keep(() => writeCache(cache, { documents }, facts, context), log);
        if (phases.has('run') && machine.live) await runHooks('post', hooks.post ?? [], machine, log, context);
      },
    },
    printsReport,
  );
};

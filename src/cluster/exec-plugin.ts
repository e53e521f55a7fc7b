/** Credential plugins of other people's kubeconfigs, run as kubectl runs them (client-go, exec credentials). */
import { execFile } from 'node:child_process';
import { NodeError } from '../core/errors.ts';
import type { ExecPlugin } from '../core/kubelet/kubeconfig-file.ts';
import { redacted } from '../core/redact.ts';
import type { Env } from '../facts/wait.ts';

const DEADLINE_MS = 30_000;
const MAX_OUTPUT = 1024 * 1024;

const failed = ({ command, args }: ExecPlugin, why: string, cause?: unknown): NodeError =>
  new NodeError('NO_PERMISSION', `the credential plugin ${command} ${why}`, {
    remedy: redacted(`Run it by hand: ${[command, ...args].join(' ')}`),
    path: command,
    cause,
  });

const tokenIn = (plugin: ExecPlugin, stdout: string): string => {
  try {
    const credential = JSON.parse(stdout) as { readonly status?: { readonly token?: unknown } } | null;
    const token = credential?.status?.token;
    if (typeof token === 'string' && token !== '') return token;
  } catch (cause) {
    throw failed(plugin, 'printed no JSON', cause);
  }
  throw failed(plugin, 'printed no token (certificates from plugins are not supported)');
};

/** Its token. @throws NodeError NO_PERMISSION */
export const runPlugin = (plugin: ExecPlugin, env: Env, signal: AbortSignal | undefined): Promise<string> =>
  new Promise((resolve, reject) => {
    const info = { kind: 'ExecCredential', apiVersion: plugin.apiVersion, spec: { interactive: false } };
    const settings = {
      env: { ...env, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      timeout: DEADLINE_MS,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_OUTPUT,
      ...(signal ? { signal } : {}),
    } as const;
    const child = execFile(plugin.command, [...plugin.args], settings, (error, stdout, stderr) => {
      if (signal?.aborted) return reject(signal.reason);
      if (error?.code === 'ENOENT') return reject(failed(plugin, 'is not there', error));
      const said = redacted(stderr.trim().split('\n')[0]?.slice(0, 300) ?? '');
      if (error) return reject(failed(plugin, `failed${said ? `: ${said}` : ''}`));
      try {
        resolve(tokenIn(plugin, stdout));
      } catch (cause) {
        reject(cause);
      }
    });
    child.stdin?.end();
  });

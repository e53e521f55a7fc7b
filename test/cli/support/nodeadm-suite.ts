/** The stage of nodeadm's own end-to-end tests: stand-ins on PATH, an empty system, AWS's endpoints. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { startFakes } from '../../fakes/main.ts';
import type { Program, Run } from './program.ts';

/** As nodeadm's own cases have it: base64, and no certificate. */
export const CA = Buffer.from('certificateAuthority').toString('base64');
/** A document that lacks nothing, and more of its spec. */
export const configOf = (more = ''): string => `---
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster:
    name: my-cluster
    apiServerEndpoint: https://example.com
    certificateAuthority: ${CA}
    cidr: 10.100.0.0/16
${more}`;

export const script = (...lines: readonly string[]): string => `#!/usr/bin/env bash\n${lines.join('\n')}\n`;
export const kubelet = (version: string): string => script(`echo Kubernetes v${version}`);
export const containerd = (version: string, migrated = ''): string =>
  script(
    `if [[ " $* " == *' config migrate '* ]]; then echo '${migrated}'; exit; fi`,
    `echo containerd github.com/containerd/containerd v${version} 0000000000000000000000000000000000000000`,
  );

export interface Suite {
  readonly root: string;
  /** Where the test runs, as upstream's in the folder of the case. */
  readonly cwd: string;
  readonly mocks: string;
  readonly write: (path: string, text: string) => void;
  readonly read: (path: string) => string;
  readonly json: (path: string) => unknown;
  readonly has: (path: string) => boolean;
  readonly userData: (bytes: string | Buffer) => void;
  readonly nodeadm: (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<Run>;
  /** `nodeadm init --skip run --config-source file://config.yaml`, which must succeed. */
  readonly init: (...more: readonly string[]) => Promise<Run>;
}

const PROVIDER = 'etc/eks/image-credential-provider/ecr-credential-provider';

/** An empty system with stand-ins, and AWS's endpoints where upstream's tests have them. */
export const suiteWith =
  (run: Program['run']) =>
  async (t: Test, mocks: Readonly<Record<string, string>> = {}): Promise<Suite> => {
    const fakes = await startFakes();
    t.teardown(() => fakes.close());
    const dir = t.testdir({ case: {}, mocks: {}, root: {} });
    const [root, cwd, bin] = [join(dir, 'root'), join(dir, 'case'), join(dir, 'mocks')];
    const put = (base: string) => (path: string, text: string) => {
      mkdirSync(dirname(join(base, path)), { recursive: true });
      writeFileSync(join(base, path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
    };
    for (const [path, text] of Object.entries({ [PROVIDER]: script(), 'usr/bin/aws': script() })) put(root)(path, text);
    const all = { kubelet: kubelet('1.34.1'), containerd: containerd('1.7.27'), systemctl: script(), ...mocks };
    for (const [name, text] of Object.entries(all)) put(bin)(name, text);
    put(cwd)('config.yaml', configOf());
    const { IMDS_ENDPOINT: _, ...env } = fakes.env;
    const nodeadm: Suite['nodeadm'] = (args, more = {}) =>
      run(args, {
        as: 'nodeadm',
        cwd,
        // Of the two names of IMDS's address upstream's tests know this one.
        env: { ...env, IMDS_ENDPOINT: '', BOOTWRIGHT_ROOT: root, PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin`, ...more },
      });
    const read = (path: string): string => readFileSync(join(root, path), 'utf8');
    return {
      root,
      cwd,
      mocks: bin,
      nodeadm,
      read,
      json: (path) => JSON.parse(read(path)),
      has: (path) => existsSync(join(root, path)),
      write: put(cwd),
      userData: (bytes) => void fakes.imds.tree.set('latest/user-data', bytes as string),
      init: async (...more) => {
        const result = await nodeadm(['init', '--skip', 'run', '--config-source', 'file://config.yaml', ...more]);
        t.equal(result.code, 0, result.stderr);
        return result;
      },
    };
  };

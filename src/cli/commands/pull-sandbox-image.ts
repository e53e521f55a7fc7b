import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { NodeError } from '../../core/errors.ts';
import { parsedToml, tomlValueAt } from '../../core/formats/toml.ts';
import { CONTAINERD_CONFIG } from '../../core/paths.ts';
import { readText } from '../../facts/files.ts';
import type { Command, Context, Option } from '../command.ts';
import { demanded } from '../dialect.ts';
import { parsedOf } from '../options.ts';
import { openWorld, plainWatch } from '../world.ts';

/** A pull of some 300 kB; longer means that the network is not there. */
const PULL_MS = 120_000;
const LIST_MS = 15_000;

/** Where containerd 1 and 2 name the image. */
const KEYS: readonly (readonly string[])[] = [
  ['plugins', 'io.containerd.grpc.v1.cri', 'sandbox_image'],
  ['plugins', 'io.containerd.cri.v1.images', 'pinned_images', 'sandbox'],
];

const ECR = /^\d{12}\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\./;

const OPTIONS: readonly Option[] = [{ name: 'config', value: 'FILE', text: `containerd's configuration (${CONTAINERD_CONFIG})` }];

/** Of a file that was named, and so must be there, or of containerd's own, which may be missing. */
const configuredImage = (path: string, isNamed: boolean): string | undefined => {
  const text = readText(path, path);
  if (text === null && isNamed)
    throw new NodeError('NO_INPUT', `${path} does not exist`, { remedy: 'Give --config a configuration of containerd.', path });
  if (text === null) return undefined;
  const config = demanded(parsedToml(text, path));
  return KEYS.map((key) => tomlValueAt(config, key)).find((value) => typeof value === 'string' && value !== '') as string | undefined;
};

/** Runs `ctr` in the namespace of Kubernetes. Its arguments are never in a message: one of them is a password. */
const ctr = (args: readonly string[], what: string, timeout: number, context: Context): Promise<string> =>
  new Promise((resolve, reject) => {
    const options = {
      timeout,
      killSignal: 'SIGKILL',
      maxBuffer: 8 * 1024 * 1024,
      signal: context.signal,
      env: { ...context.env },
    } as const;
    execFile('ctr', ['--namespace', 'k8s.io', ...args], options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const code = (error as NodeJS.ErrnoException).code;
      const said = stderr.trim().split('\n').at(-1) ?? '';
      const message =
        code === 'ENOENT'
          ? 'there is no ctr on PATH'
          : `ctr could not ${what}${error.killed ? ` within ${timeout / 1000} s` : ''}: ${said}`;
      const remedy =
        code === 'ENOENT' ? 'Install containerd with its ctr.' : 'Check containerd (journalctl -u containerd) and the way to the registry.';
      reject(new NodeError('OS', message, { remedy }));
    });
  });

const pull = async (image: string, context: Context): Promise<void> => {
  const region = ECR.exec(image)?.[1];
  const login: string[] = [];
  if (region !== undefined) {
    const { world, close } = openWorld(context, '/', plainWatch(context));
    try {
      const { user, password } = await world.registryLogin(region, context.signal);
      // As crictl --creds before: seen by root's `ps` on this machine for the length of the pull.
      login.push('--user', `${user}:${password}`);
    } finally {
      await close();
    }
  }
  // The label keeps kubelet's image garbage collection away from it (amazon-eks-ami issue 1597).
  await ctr(['images', 'pull', ...login, '--label', 'io.cri-containerd.pinned=pinned', image], `pull ${image}`, PULL_MS, context);
};

export const pullSandboxImageCommand: Command = {
  name: 'pull-sandbox-image',
  summary: 'pull the pause image that containerd is configured for',
  usage: ['bootwright pull-sandbox-image [--config FILE]'],
  description: [
    `Reads the image from ${CONTAINERD_CONFIG} and pulls it with this node's credentials, unless it is there. sandbox-image.service runs it before the kubelet starts, on images that do not bring their own script.`,
  ],
  options: OPTIONS,
  examples: [{ line: 'bootwright pull-sandbox-image', text: 'again by hand, after a failure' }],
  async run(args, context) {
    const options = parsedOf(args, { command: 'pull-sandbox-image', options: OPTIONS, positionals: 0 });
    const config = resolve(context.cwd, options.text('config') ?? CONTAINERD_CONFIG);
    const image = configuredImage(config, options.text('config') !== undefined);
    if (image === undefined) {
      context.stderr.write(`${config} names no sandbox image: nothing to pull\n`);
      return 0;
    }
    const listed = await ctr(['images', 'ls', '--quiet', `name==${image}`], 'list images', LIST_MS, context);
    if (listed.split('\n').includes(image)) {
      context.stderr.write(`${image} is there\n`);
      return 0;
    }
    await pull(image, context);
    context.stderr.write(`${image} pulled\n`);
    return 0;
  },
};

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeImage } from './cli/support/image.ts';
import { makeProgram } from './cli/support/program.ts';
import { startFakes } from './fakes/main.ts';

const { path, run } = await makeProgram(t.teardown);

t.test('nothing happens on import', async (t) => {
  const { main } = await import('../src/main.ts');
  t.type(main, 'function');
  t.equal(process.exitCode, undefined);
});

t.test('a path before the name makes no difference', async (t) => {
  t.match((await run(['--help'], { as: '/etc/eks/bootstrap.sh' })).stdout, /^Usage: bootwright bootstrap/);
  t.equal((await run(['--help'], { as: '/etc/eks/bootstrap.sh' })).code, 1);
  t.match((await run(['version'], { as: './any-other-name' })).stdout, /^bootwright 1\.2\.3/);
});

t.test('signals end a wait, with their exit codes; nothing is half done', async (t) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const root = makeImage(t);
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    fakes.imds.fault({ kind: 'hang' });
    const ended = await run(['bootstrap', 'my-cluster', '--root', root], {
      env: fakes.env,
      onStderr: (text, kill) => {
        if (text.includes('describing cluster')) kill(signal);
      },
    });
    t.equal(ended.code, code, ended.stderr);
    t.match(ended.stderr, new RegExp(`^${signal}: stopping$`, 'm'));
    t.notMatch(ended.stderr, /ERROR|INTERNAL/);
    const report = JSON.parse(readFileSync(join(root, 'run/bootwright/report.json'), 'utf8'));
    t.match(report, { outcome: 'failed', exitCode: code, error: { code: 'INTERRUPTED', message: `ended by ${signal}` } });
  }
});

t.test('a reader that goes away is no error', async (t) => {
  const child = spawn(process.execPath, [path, 'preview', '--json', 'bootstrap', 'c'], {
    argv0: 'bootwright',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += String(chunk)));
  const [code] = await once(child, 'close');
  t.equal(code, 0);
  t.equal(stderr, '');
});

t.test('a bug says that it is one, with its stack', async (t) => {
  const { tellFailure } = await import('../src/cli/failure.ts');
  let text = '';
  const terminal = {
    write: (piece: string) => {
      text += piece;
    },
    isTty: false,
    columns: 80,
  };
  const context = { env: {}, stderr: terminal, now: () => new Date() } as unknown as Parameters<typeof tellFailure>[2];
  const code = await tellFailure(
    new Error('--token=hunter2 was undefined', { cause: new TypeError('x') }),
    { style: 'own', logs: false },
    context,
  );
  t.equal(code, 70);
  t.match(text, /^error: INTERNAL: something that cannot happen did\n {2}Error: --token=\*\*\* was undefined\n {6}at /);
  t.match(
    text,
    /caused by TypeError: x\n {2}This is a bug in bootwright\. Please report it with these lines and the output of `bootwright version`\.\n$/,
  );
});

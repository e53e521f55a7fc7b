import { spawnSync } from 'node:child_process';
import t from 'tap';
import { localTimeOf } from '../src/log.ts';

/** Runs a piece of code with a log in a child process; resolves to its stderr. */
const logged = (code: string, env: Record<string, string> = {}, format = 'bootstrap'): string => {
  const script = `import { createLog } from ${JSON.stringify(new URL('../src/log.ts', import.meta.url).href)};
    const log = createLog({ format: '${format}', env: process.env, now: () => new Date('2026-11-21T08:09:10Z') }); ${code}`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { TZ: 'UTC', ...env },
    encoding: 'utf8',
  });
  t.equal(stdout, '', 'nothing on stdout');
  return stderr;
};

t.test('bootstrap.sh’s format, one line per record', async (t) => {
  t.equal(
    logged("log.info('starting...'); log.warn('a\\nb'); log.error('x \\u001b[31m'); log.debug('no')"),
    '2026-11-21T08:09:10+0000 [eks-bootstrap] INFO: starting...\n2026-11-21T08:09:10+0000 [eks-bootstrap] WARNING: a | b\n2026-11-21T08:09:10+0000 [eks-bootstrap] ERROR: x ?[31m\n',
  );
});

t.test('plain', async (t) => {
  t.equal(logged("log.info('a'); log.warn('b'); log.error('c')", {}, 'plain'), 'a\nwarning: b\nerror: c\n');
});

t.test('debug on request, secrets masked', async (t) => {
  t.equal(logged("log.debug('http://u:p@h')", { BOOTWRIGHT_DEBUG: '1' }, 'plain'), 'debug: http://***@h\n');
});

t.test('priorities only when stderr is the journal', async (t) => {
  t.equal(logged("log.error('c')", { JOURNAL_STREAM: '1:2' }, 'plain'), 'error: c\n');
  const code = `
    import { createLog } from ${JSON.stringify(new URL('../src/log.ts', import.meta.url).href)};
    import { fstatSync } from 'node:fs';
    const { dev, ino } = fstatSync(2);
    createLog({ format: 'plain', env: { JOURNAL_STREAM: dev + ':' + ino }, now: () => new Date() }).warn('x');`;
  t.equal(spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }).stderr, '<4>warning: x\n');
});

t.test('local time with its zone', async (t) => {
  t.match(localTimeOf(new Date()), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}$/);
});

import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { complaintOf, runProgram } from '../../src/node/process.ts';

t.test('running a program', async (t) => {
  const searchPath = t.testdir();
  const put = (name: string, text: string): void => {
    writeFileSync(join(searchPath, name), text);
    chmodSync(join(searchPath, name), 0o755);
  };
  put('say', '#!/bin/sh\necho "$@"; echo "$HOME|$LC_ALL" ; echo why >&2; exit 3\n');
  put('hang', '#!/bin/sh\nexec /bin/sleep 60\n');
  writeFileSync(join(searchPath, 'not-executable'), '');
  const options = { searchPath, timeoutMs: 5000 };

  const said = await runProgram('say', ['a b', '$HOME; x', '--'], options);
  t.strictSame(said, { code: 3, stdout: 'a b $HOME; x --\n|C\n', stderr: 'why\n', timedOut: false }, 'no shell, a small environment');
  t.equal(complaintOf({ code: 3, stdout: '', stderr: ' why \n\nand\n', timedOut: false }, 1), 'why; and');
  t.equal(complaintOf({ code: 3, stdout: '', stderr: '', timedOut: false }, 1), 'exit code 3');
  t.equal(await runProgram('none', [], options), undefined);
  const late = await runProgram('hang', [], { searchPath, timeoutMs: 50 });
  t.match(late, { code: null, timedOut: true });
  t.equal(late && complaintOf(late, 2000), 'no answer within 2 s');
  await t.rejects(runProgram('not-executable', [], options), { code: 'OS', message: 'not-executable cannot be run: EACCES' });

  const stop = new AbortController();
  const reason = new Error('told to stop');
  const running = runProgram('hang', [], { ...options, signal: stop.signal });
  setTimeout(() => stop.abort(reason), 20);
  await t.rejects(running, reason);
  await t.rejects(runProgram('say', [], { ...options, signal: stop.signal }), reason);
});

import t from 'tap';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);

t.test('version, commit, date of the data', async (t) => {
  const { code, stdout } = await run(['version']);
  t.equal(code, 0);
  t.match(
    stdout.replaceAll(/\d{4}-\d\d-\d\d/g, 'DATE'),
    /^bootwright 1\.2\.3 \(commit 0123abcd; Node \d+\.\d+\.\d+\)\ndata: ECR accounts of DATE, instance limits of DATE, partitions of DATE\n$/,
  );
  t.equal((await run(['--version'])).stdout, stdout);
  t.match(JSON.parse((await run(['version', '--json'])).stdout), { version: '1.2.3', commit: '0123abcd' });
});

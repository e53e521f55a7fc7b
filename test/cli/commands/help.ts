import t from 'tap';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { BOOTSTRAP_FLAGS } from '../../../src/core/config/bootstrap-flags.ts';
import { DEVIATIONS } from '../../../src/core/deviations.ts';
import { ERROR_CODES, STATE_CODES } from '../../../src/core/errors.ts';
import { GATES } from '../../../src/core/kubelet/versions.ts';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);

t.test('the program', async (t) => {
  const help = await run(['help']);
  t.equal(help.code, 0);
  for (const { name } of COMMANDS) t.match(help.stdout, new RegExp(`^  ${name} `, 'm'));
  t.ok(help.stdout.split('\n').every((line) => line.length <= 120));
  for (const args of [['--help'], ['-h']]) t.equal((await run(args)).stdout, help.stdout);
});

t.test('without a command: help on stderr, and no success', async (t) => {
  const { code, stdout, stderr } = await run([]);
  t.equal(code, 64);
  t.equal(stdout, '');
  t.match(stderr, /^Usage: bootwright COMMAND/m);
});

t.test('every command has usage, options and examples, the same by both ways', async (t) => {
  for (const { name } of COMMANDS) {
    const { code, stdout, stderr } = await run(['help', name]);
    t.equal(code, 0, stderr);
    t.match(stdout, /^Usage: bootwright /);
    t.match(stdout, /^Examples:\n {2}\S/m, name);
    t.equal((await run([name, '--help'])).stdout, stdout, name);
  }
  const { stdout } = await run(['help', 'bootstrap']);
  for (const { flag, env } of BOOTSTRAP_FLAGS) t.ok(stdout.includes(flag ?? env ?? '?'), flag ?? env ?? '?');
});

t.test('the tables', async (t) => {
  const codes = (await run(['help', 'exit-codes'])).stdout;
  for (const { exit, text } of [...Object.values(ERROR_CODES), ...Object.values(STATE_CODES)])
    t.match(codes, new RegExp(`^  ${exit} +${text.slice(0, 20).replace(/[`(]/g, '.')}`, 'm'));
  const gates = (await run(['help', 'gates'])).stdout;
  for (const { id } of GATES) t.match(gates, id);
  const deviations = (await run(['help', 'deviations'])).stdout;
  for (const { id } of DEVIATIONS) t.match(deviations, new RegExp(`^${id}$`, 'm'));
  t.match((await run(['help', 'environment'])).stdout, /IMDS_ENDPOINT/);
});

t.test('unknown words', async (t) => {
  const topic = await run(['help', 'gate']);
  t.equal(topic.stderr, 'error: gate: there is no such command or topic. Did you mean `bootwright help gates`?\n');
  t.equal(topic.code, 64);
  const command = await run(['bootstrp', 'c']);
  t.equal(command.stderr, 'error: bootstrp: there is no such command. Did you mean `bootwright bootstrap`?\n');
  t.equal(command.code, 64);
  const far = await run(['frobnicate']);
  t.equal(far.stderr, 'error: frobnicate: there is no such command. `bootwright help` lists the commands.\n');
});

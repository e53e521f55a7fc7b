import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { createProgress } from '../../../src/cli/present/progress.ts';

const wait = { wait: 'cluster', text: 'the cluster my-cluster is CREATING', elapsedMs: 4000, deadlineMs: 1_200_000 };

t.test('a line now and then where nobody watches', async (t) => {
  const said: string[] = [];
  const progress = createProgress({
    terminal: { write: () => t.fail('wrote to the terminal'), isTty: false, columns: 80 },
    say: (text) => said.push(text),
    everyMs: 5,
  });
  progress.note(wait);
  await pause(40);
  progress.stop();
  const { length } = said;
  t.ok(length >= 2, 'repeats');
  t.equal(said[0], 'still waiting: the cluster my-cluster is CREATING (4 s, given up after 1200 s)');
  await pause(20);
  t.equal(said.length, length, 'ends');
});

t.test('one moving line on a terminal, removed at the end', async (t) => {
  const written: string[] = [];
  const progress = createProgress({
    terminal: { write: (text) => written.push(String(text)), isTty: true, columns: 40 },
    say: () => t.fail('said'),
    frameMs: 2,
  });
  progress.note(wait);
  progress.note({ ...wait, wait: 'imds', text: 'IMDS does not answer', elapsedMs: 9000 });
  await pause(30);
  progress.clear();
  progress.stop();
  t.match(written[0]?.slice('\r\u001b[K'.length), /^. IMDS does not answer \(9 s, given up/u, 'the longest wait');
  t.ok(
    written.every((text) => text.length <= 45),
    'fits',
  );
  t.equal(written.at(-1), '\r\u001b[K');
});

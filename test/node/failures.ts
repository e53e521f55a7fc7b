import t from 'tap';
import { NodeError } from '../../src/core/errors.ts';
import { errnoOf, failureOf } from '../../src/node/failures.ts';

const failed = (code: string): Error => Object.assign(new Error(code), { code, syscall: 'open' });

t.test('every errno that a disk gives has words, a code and a remedy', async (t) => {
  for (const [errno, code, why] of [
    ['ENOSPC', 'CANNOT_CREATE', 'the file system is full'],
    ['EDQUOT', 'CANNOT_CREATE', 'the disk quota is used up'],
    ['EROFS', 'CANNOT_CREATE', 'the file system is read-only'],
    ['EACCES', 'NO_PERMISSION', 'permission denied'],
    ['EPERM', 'NO_PERMISSION', 'the operation is not permitted'],
    ['EIO', 'IO', 'input/output error'],
    ['EWHATEVER', 'IO', 'EWHATEVER'],
  ] as const) {
    const cause = failed(errno);
    const failure = failureOf('write', '/x', cause) as NodeError;
    t.match(failure, { code, message: `cannot write /x: ${why}`, path: '/x', cause });
    t.match(failure.remedy, /\.$/, errno);
  }
});

t.test('a bug, and what has been said, come back as they are', async (t) => {
  const bug = new TypeError('x');
  const said = new NodeError('IO', 'said');
  t.equal(failureOf('write', '/x', bug), bug);
  t.equal(failureOf('write', '/x', said), said);
  t.equal(failureOf('write', '/x', undefined), undefined);
  t.equal(errnoOf('text'), '');
});

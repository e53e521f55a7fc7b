import fc from 'fast-check';
import t from 'tap';
import type { JsonEntry } from '../../src/core/desired.ts';
import { mergedJson, same } from '../../src/core/merge.ts';
import type { Json } from '../../src/core/report.ts';

const because = { rule: 'test.rule', text: 'Because.', inputs: [] };
const entry = (path: string, value: Json, policy: JsonEntry['policy'] = 'own'): JsonEntry => ({
  path: path.split('/'),
  value,
  policy,
  because,
});
type JsonObject = { readonly [key: string]: Json };
type Owned = Parameters<typeof mergedJson>[2];
const merged = (current: JsonObject | null, entries: readonly JsonEntry[], base?: Owned) =>
  mergedJson(current, entries, base, '/etc/x.json');
const text = (value: Json): string => JSON.stringify(value);

t.test('our keys are set, foreign ones and their order stay', async (t) => {
  const { value, owned, changed } = merged({ z: 1, a: 'old', y: { foreign: true } }, [
    entry('a', 'new'),
    entry('y/ours', 2),
    entry('n', 3),
  ]);
  t.equal(text(value), text({ z: 1, a: 'new', y: { foreign: true, ours: 2 }, n: 3 }));
  t.same(
    owned.map(({ path }) => path.join('/')),
    ['a', 'y/ours', 'n'],
  );
  t.equal(changed.length, 3);
  t.same(changed[0]?.inputs, [{ name: 'a until now', value: 'old', origin: 'host-file', at: '/etc/x.json' }], 'what was replaced is said');
});

t.test('a default gives way to the file, and says so', async (t) => {
  const { value, owned, kept, changed } = merged({ a: 'theirs' }, [entry('a', 'ours', 'default'), entry('b', 'ours', 'default')]);
  t.same(value, { a: 'theirs', b: 'ours' });
  t.same(owned, [{ path: ['b'], value: 'ours' }]);
  t.equal(changed.length, 1);
  t.match(kept, [{ rule: 'merge.file-wins', text: "The file's own value counts for a.", inputs: [{ name: 'a', value: 'theirs' }] }]);
});

t.test('a default that we wrote moves with us; one that was changed since is theirs', async (t) => {
  const base = [{ path: ['a'], value: 1 }];
  t.same(merged({ a: 1 }, [entry('a', 2, 'default')], base).value, { a: 2 });
  t.same(merged({ a: 7 }, [entry('a', 2, 'default')], base).value, { a: 7 });
});

t.test('a seed is for a file that is made anew, and for what is still ours in it', async (t) => {
  const seed = [entry('a', 1, 'seed'), entry('b', 2, 'seed')];
  const fresh = merged(null, seed);
  t.same(fresh.value, { a: 1, b: 2 });
  t.same(merged(fresh.value, seed, fresh.owned).changed, [], 'again: nothing');
  t.same(merged({ c: 0 }, seed).value, { c: 0 }, 'a file of somebody else');
  t.same(merged({ b: 7, c: 0 }, seed, fresh.owned).value, { b: 7, c: 0 }, 'changed and removed by somebody');
  t.same(merged({ a: 9 }, seed, [{ path: ['a'], value: 9 }]).value, { a: 1 }, 'another value of ours');
});

t.test('what we wrote and no longer want goes, with the objects it leaves empty', async (t) => {
  const base = [
    { path: ['a'], value: 1 },
    { path: ['o', 'x'], value: 1 },
    { path: ['p', 'x'], value: 1 },
  ];
  const { value, changed } = merged({ a: 1, o: { x: 1 }, p: { x: 1, y: 2 }, z: 0 }, [], base);
  t.same(value, { p: { y: 2 }, z: 0 });
  t.equal(changed.length, 3);
  t.same(merged({ a: 2 }, [], base).value, { a: 2 }, 'but not what somebody has changed');
});

t.test('absent: goes if it is ours by manifest or by value', async (t) => {
  const unset = [entry('maxPods', 29, 'absent')];
  t.same(merged({ maxPods: 29 }, unset).value, {}, 'bootstrap.sh wrote it');
  t.same(merged({ maxPods: 58 }, unset, [{ path: ['maxPods'], value: 58 }]).value, {}, 'we wrote it for another instance type');
  const { value, kept } = merged({ maxPods: 50 }, unset, [{ path: ['maxPods'], value: 29 }]);
  t.same(value, { maxPods: 50 }, 'a user wrote it');
  t.match(kept, [{ rule: 'merge.file-wins' }]);
});

t.test('every element of an array', async (t) => {
  const { value, owned } = merged({ list: [{ n: 1 }, { n: 2, v: 'old' }] }, [entry('list/*/v', 'new')]);
  t.equal(
    text(value),
    text({
      list: [
        { n: 1, v: 'new' },
        { n: 2, v: 'new' },
      ],
    }),
  );
  t.same(owned, [
    { path: ['list', '0', 'v'], value: 'new' },
    { path: ['list', '1', 'v'], value: 'new' },
  ]);
  t.same(merged({ list: 'no array' }, [entry('list/*/v', 'new')]).value, { list: 'no array' });
});

t.test('null stands for nothing; other values are in the way', async (t) => {
  t.same(merged({ o: null }, [entry('o/x', 1)]).value, { o: { x: 1 } });
  t.same(merged({ o: 'text' }, [entry('o/x', 1)]).obstacles, [{ path: ['o'], found: 'text' }]);
  t.same(merged({ o: { p: 7 } }, [entry('o/p/x', 1)]).obstacles, [{ path: ['o', 'p'], found: 7 }]);
});

t.test('many foreign keys are named shortly', async (t) => {
  const current = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`k${i}`, i]));
  t.match(merged(current, []).kept, [{ text: 'Not ours, and stays: k0, k1, k2, k3, k4, k5, k6, k7 and 3 more.' }]);
});

const KEYS = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor');
const leaf = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('x', true, null));
const tree = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
  object: fc.dictionary(KEYS, tie('value'), { maxKeys: 4 }),
  value: fc.oneof({ depthSize: 'small' }, leaf, tie('object'), fc.array(leaf, { maxLength: 2 })),
})).object;
const path = fc.array(KEYS, { minLength: 1, maxLength: 3 });
const policy = fc.constantFrom<JsonEntry['policy']>('own', 'default', 'absent');
const entries = fc.array(fc.record({ path, value: leaf, policy, because: fc.constant(because) }), { maxLength: 6 }).map(withoutOverlaps);
const base = fc.array(fc.record({ path, value: leaf }), { maxLength: 4 });

/** Entries as rules make them: none above or below another. */
function withoutOverlaps(all: readonly JsonEntry[]): readonly JsonEntry[] {
  return all.filter(
    (entry, index) => !all.slice(0, index).some((other) => isPrefix(other.path, entry.path) || isPrefix(entry.path, other.path)),
  );
}
const isPrefix = (a: readonly string[], b: readonly string[]): boolean => a.every((key, index) => b[index] === key);

t.test('laws', async (t) => {
  fc.assert(
    fc.property(tree, entries, base, (current, entries, base) => {
      const before = text(current);
      const once = merged(current, entries, base);
      if (text(current) !== before) throw new Error('the input was changed');
      if (once.obstacles.length > 0) return;
      const twice = merged(once.value, entries, once.owned);
      if (text(twice.value) !== text(once.value)) throw new Error(`not idempotent: ${text(once.value)} then ${text(twice.value)}`);
      if (twice.changed.length > 0) throw new Error('the second merge says that it changed something');
      if (once.changed.length === 0 && text(once.value) !== before) throw new Error('changed in silence');
      for (const { path, value } of once.owned) {
        const found = path.reduce<Json | undefined>(
          (at, key) => (Object.hasOwn(Object(at), key) ? (at as JsonObject)[key] : undefined),
          once.value,
        );
        if (!same(found, value)) throw new Error(`owned, but not there: ${path.join('.')}`);
      }
    }),
    { numRuns: 2000 },
  );
  t.pass('idempotent, pure, honest about changes and about what is ours');
});

t.test('without a manifest, nothing that is not ours by value goes', async (t) => {
  fc.assert(
    fc.property(tree, entries, (current, entries) => {
      const { value, obstacles } = merged(current, entries);
      if (obstacles.length > 0) return;
      for (const key of Object.keys(current)) {
        const isOurs = entries.some((entry) => entry.path[0] === key);
        if (!isOurs && text(value[key] as Json) !== text(current[key] as Json)) throw new Error(`${key} was foreign`);
      }
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

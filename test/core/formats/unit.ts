/** Quoting for systemd. That a real systemd reads it back is shown by test/system/quoting.ts; here the bytes, and a model of its rules. */
import fc from 'fast-check';
import t from 'tap';
import {
  environmentDropIn,
  environmentDropInPattern,
  environmentLine,
  environmentValueIn,
  unitCannotCarry,
} from '../../../src/core/formats/unit.ts';

t.test('without quote, backslash and percent sign: the bytes of bootstrap.sh', async (t) => {
  t.equal(
    environmentDropIn('KUBELET_EXTRA_ARGS', '--v=4 --x="a b" $HOME'),
    `[Service]\nEnvironment='KUBELET_EXTRA_ARGS=--v=4 --x="a b" $HOME'\n`,
  );
});

t.test('what needs escaping', async (t) => {
  t.equal(environmentLine('A', "it's"), "Environment='A=it\\'s'");
  t.equal(environmentLine('A', '50% %n'), "Environment='A=50%% %%n'");
  t.equal(environmentLine('A', 'a\\n\\'), "Environment='A=a\\\\n\\\\'");
});

/** The value that systemd takes from the line: unquote and unescape, then specifiers. Only what our lines hold. */
const readBack = (line: string): string | undefined => {
  const inner = /^Environment='A=(.*)'$/su.exec(line)?.[1];
  if (inner === undefined || /(?:^|[^\\])(?:\\\\)*'/.test(inner)) return undefined;
  const unescaped = inner.replace(/\\(.)/gsu, (_all, char: string) => (char === '\\' || char === "'" ? char : '\0'));
  return /(?:^|[^%])(?:%%)*%(?!%)/.test(unescaped) && !/^(?:[^%]|%%)*$/.test(unescaped) ? undefined : unescaped.replaceAll('%%', '%');
};

t.test('every value comes back', async (t) => {
  const value = fc.string({ unit: fc.constantFrom(...'\'"\\%$ \tanx=-é🚀') });
  fc.assert(
    fc.property(value, (text) => {
      t.equal(readBack(environmentLine('A', text)), text);
      t.equal(environmentValueIn(environmentDropIn('A', text)), text);
    }),
    { numRuns: 500 },
  );
  t.equal(environmentValueIn("[Service]\nEnvironment='A=b'\nEnvironment='C=d'\n"), undefined);
});

t.test('every drop-in is known for ours, and nothing more', async (t) => {
  const ours = new RegExp(`^(?:${environmentDropInPattern('KUBELET_EXTRA_ARGS')})$`);
  t.match(environmentDropIn('KUBELET_EXTRA_ARGS', `it's "50%" \\x`), ours);
  t.notMatch(environmentDropIn('KUBELET_ARGS', 'x'), ours);
  t.notMatch(`${environmentDropIn('KUBELET_EXTRA_ARGS', 'x')}LimitNOFILE=1\n`, ours);
  t.notMatch("[Service]\nEnvironment='KUBELET_EXTRA_ARGS=x'\nEnvironment='A=b'\n", ours);
});

t.test('what no unit file can carry is a bug here', async (t) => {
  for (const char of ['\n', '\r', '\0', '\u0001', '\u007f', '\u0085', '\ud800', '\ufdd0', '\uffff']) {
    t.equal(unitCannotCarry(`a${char}b`), true, nameOf(char));
    t.throws(() => environmentLine('A', char), { message: 'the value of A holds a character that systemd takes in no form' });
  }
  for (const char of ['\t', ' ', 'é', '🚀', '\u2028']) t.equal(unitCannotCarry(char), false, char);
});

const nameOf = (char: string): string => `U+${char.charCodeAt(0).toString(16)}`;

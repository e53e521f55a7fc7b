/** The one quoting function of unit files, against a real systemd: what a user gave is what the program gets. */
import t from 'tap';
import { cannotAssign, environmentDropIn, unitCannotCarry } from '../../src/core/formats/unit.ts';
import { environmentFiles } from '../../src/core/targets/amazon-linux-2023-system.ts';
import { makeNetwork, makeNode, type RigNode } from '../rig/node.ts';
import { NODE_PARTS, needs } from '../rig/parts.ts';

/** Values that unit files are known to spoil. */
const NASTY: readonly string[] = [
  ...[
    '',
    ' ',
    'plain',
    ' leading and trailing ',
    'a  b',
    '\ttab\there\t',
    '#',
    '; comment',
    '# comment',
    '= =',
    'a=b',
    '[Service]',
    '-',
    '--',
    '@',
    '!',
    '+x',
    ':x',
  ],
  ...["'", '"', "''", '""', '`', "it's", 'say "hi"', `'"'"'`, `"'"'"`, "'unbalanced", 'unbalanced"', "' '", '" "', "a'b'c", 'a"b"c'],
  ...['\\', '\\\\', '\\n', '\\t', '\\x41', '\\u0041', '\\101', '\\s', 'end\\', 'a\\ b', "\\'", '\\"', '\\\\\\', 'C:\\dir\\'],
  ...['%', '%%', '%%%', '%n', '%i', '%h', '%H', '%t', '%q', '100%', '%%n', '% n', '%{a}', '\\%', "%'"],
  ...[
    '$',
    '$$',
    '$HOME',
    '\x24{HOME}',
    '$KUBELET_ARGS',
    '\x24{X}',
    '$(id)',
    '$1',
    '\\$',
    '`id`',
    '*',
    '?',
    '~',
    '{a,b}',
    '!x',
    '&',
    '|',
    '>',
    '<',
    '(',
    ')',
  ],
  ...['é', 'ß', '日本語', '🚀', 'e\u0301', '\u00a0', '\u2028', '\u200b', '\ufeff', '\u{10fffd}'],
  ...['a'.repeat(2000), 'x '.repeat(2000), `${'%'.repeat(400)}'${'\\'.repeat(400)}`, '🚀'.repeat(500)],
  ...[
    '--node-labels="a=b,c=d"',
    `--node-labels='a=b c',team="x y"`,
    '--register-with-taints=""',
    '--eviction-hard="memory.available<100Mi,nodefs.available<10%"',
  ],
  ...['--v=2 --node-labels=a=b\\,c', `--feature-gates="A=true" --x='y z' plain`, '{"json": "value \\"quoted\\""}'],
];

/** Characters that mean something to systemd, in random company. */
const generated = (count: number): string[] => {
  const alphabet = [...'\'"\\%$ \t;#=,a1é{}[]()*?~`<>|&!@:-nsx🚀'];
  let state = 42;
  const next = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
  return Array.from({ length: count }, () => Array.from({ length: 1 + next(24) }, () => alphabet[next(alphabet.length)]).join(''));
};

/** Writes down its arguments and the environment variables V0, V1 … exactly. */
const DUMP = `import json, os, sys
env = {k: v for k, v in os.environ.items() if k.startswith("V")}
json.dump({"env": env, "args": sys.argv[2:]}, open(sys.argv[1], "w"))
`;

interface Dump {
  readonly env: { readonly [name: string]: string };
  readonly args: readonly string[];
}

const service = (out: string, args: string): string => `[Service]\nType=oneshot\nExecStart=/usr/bin/python3 /root/dump.py ${out}${args}\n`;

/** Runs a unit with these drop-ins and says what its program got. */
const dumpOf = async (node: RigNode, name: string, args: string, dropIns: readonly string[]): Promise<Dump> => {
  const out = `/root/${name}.json`;
  await node.must(['mkdir', '-p', `/etc/systemd/system/${name}.service.d`]);
  node.write(`etc/systemd/system/${name}.service`, service(out, args));
  for (const [i, text] of dropIns.entries()) node.write(`etc/systemd/system/${name}.service.d/${String(i).padStart(4, '0')}.conf`, text);
  await node.must(['systemctl', 'daemon-reload']);
  await node.must(['systemctl', 'start', `${name}.service`]);
  return JSON.parse(node.read(out.slice(1))) as Dump;
};

t.test('values in unit files', async (t) => {
  if (!needs(t, ...NODE_PARTS)) return;
  const node = await makeNode(t, await makeNetwork(t));
  node.write('root/dump.py', DUMP);
  await node.boot();

  const values = [...NASTY, ...generated(400)];
  const whole = await dumpOf(
    node,
    'whole',
    '',
    values.map((value, i) => environmentDropIn(`V${i}`, value)),
  );
  const wrong = values.filter((value, i) => whole.env[`V${i}`] !== value);
  t.strictSame(wrong, [], `${values.length} values arrive in the environment as they were given`);

  // bootstrap.sh's drop-in escapes nothing; where that happened to work, the kubelet's words must be the same words.
  const harmless = values.filter((value) => !/['\\%]/.test(value));
  const names = harmless.map((_, i) => ` mark $V${i}`).join('');
  const ours = await dumpOf(
    node,
    'ours',
    names,
    harmless.map((value, i) => environmentDropIn(`V${i}`, value)),
  );
  const old = await dumpOf(
    node,
    'old',
    names,
    harmless.map((value, i) => `[Service]\nEnvironment='V${i}=${value}'\n`),
  );
  t.strictSame(ours.args, old.args, `${harmless.length} values are split into the words of the old script`);

  // Written as they are, past our own check. systemd drops the line, or reads a line end, where it does not take the character.
  const odd = [
    ...Array.from({ length: 0xa0 }, (_, code) => code).filter((code) => code < 0x20 || code >= 0x7f),
    ...[0xfdd0, 0xfdef, 0xfffe, 0xffff, 0x1fffe, 0x10ffff],
  ].map((code) => String.fromCodePoint(code));
  const raw = await dumpOf(
    node,
    'raw',
    '',
    odd.map((char, i) => `[Service]\nEnvironment='V${i}=a${char}b'\n`),
  );
  const lost = odd.filter((char, i) => raw.env[`V${i}`] !== `a${char}b`);
  t.strictSame(
    lost.filter((char) => !unitCannotCarry(char)).map((char) => char.codePointAt(0)?.toString(16)),
    [],
    `${lost.length} characters that systemd does not take are refused beforehand`,
  );

  const words = await dumpOf(node, 'words', ' $V0', [environmentDropIn('V0', `--node-labels="a=b,c=d e" --x='100%' --y=it\\'s 'z z'`)]);
  t.strictSame(words.args, ['--node-labels=a=b,c=d e', '--x=100%', "--y=it's", 'z z'], 'quotes inside the value keep words together');
});

t.test('environments of a NodeConfig, for one service and for all', async (t) => {
  if (!needs(t, ...NODE_PARTS)) return;
  const node = await makeNode(t, await makeNetwork(t));
  node.write('root/dump.py', DUMP);
  await node.boot();
  // The last character of each: nodeadm cuts off quotes there.
  const controls = Array.from({ length: 0xa0 }, (_, code) => String.fromCodePoint(code)).filter(
    (char) => /\p{Cc}/u.test(char) && char !== '\0',
  );
  const values = [...NASTY, ...generated(200), 'two\nlines\n', 'ends in "', "'", '"', ...controls.map((char) => `a${char}b${char}`)];
  t.strictSame(values.filter(cannotAssign), [], 'none of them is refused');
  const named = (prefix: string) => Object.fromEntries(values.map((value, i) => [`${prefix}${i}`, value]));
  const files = environmentFiles({ default: named('VD'), mine: named('VS') });
  t.equal(files.length, 2);
  for (const { path, content } of files) {
    await node.must(['mkdir', '-p', path.slice(0, path.lastIndexOf('/'))]);
    node.write(path.slice(1), content.kind === 'text' ? content.text : '');
  }
  const { env } = await dumpOf(node, 'mine', '', []);
  for (const [kind, prefix] of [
    ['one service', 'VS'],
    ['all services', 'VD'],
  ] as const) {
    const wrong = values.flatMap((value, i) => (env[`${prefix}${i}`] === value ? [] : [[value, env[`${prefix}${i}`]]]));
    t.strictSame(wrong, [], `${values.length} values for ${kind} arrive as they were given`);
  }
});

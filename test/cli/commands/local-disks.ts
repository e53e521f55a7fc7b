import { existsSync } from 'node:fs';
import t from 'tap';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);

t.test('all that is wrong at once; exit codes of the name it is called by', async (t) => {
  const cases: readonly (readonly [readonly string[], readonly string[], number])[] = [
    [[], ['MODE: says what becomes of the disks, and is missing. Give one of raid0, raid10, mount, none.'], 64],
    [['raid5'], ["MODE: 'raid5' is not one of raid0, raid10, mount, none. Give one of them."], 65],
    [['RAID0'], ["MODE: 'RAID0' is not one of raid0, raid10, mount, none. Give one of them."], 65],
    [
      ['--dir', 'mnt', 'zfs'],
      [
        "MODE: 'zfs' is not one of raid0, raid10, mount, none. Give one of them.",
        "--dir: 'mnt' is not an absolute path of letters, digits, and . _ : @ + -. Give a directory like /mnt/k8s-disks.",
      ],
      65,
    ],
    [
      ['-d', '/var/lib/kubelet/disks', 'raid0'],
      [
        "--dir: '/var/lib/kubelet/disks' is, or lies in, /var/lib/kubelet, which goes onto the disks itself. Give a directory like /mnt/k8s-disks.",
      ],
      65,
    ],
    [
      ['--dir', '/a b', 'none'],
      ["--dir: '/a b' is not an absolute path of letters, digits, and . _ : @ + -. Give a directory like /mnt/k8s-disks."],
      65,
    ],
    [
      ['--dir', '/a/../b', 'none'],
      ["--dir: '/a/../b' is not an absolute path of letters, digits, and . _ : @ + -. Give a directory like /mnt/k8s-disks."],
      65,
    ],
    [
      ['--dir', '/%n', 'none'],
      ["--dir: '/%n' is not an absolute path of letters, digits, and . _ : @ + -. Give a directory like /mnt/k8s-disks."],
      65,
    ],
    [['--no-bind-kublet', 'raid0'], ['--no-bind-kublet: there is no such option. Did you mean --no-bind-kubelet?'], 64],
    [['raid0', 'raid10'], ['raid10: is one word too many. `bootwright help local-disks` shows the form.'], 64],
    [['raid0', '--dir'], ['--dir: has no value. Write --dir DIR.'], 64],
  ];
  for (const [args, errors, code] of cases) {
    const own = await run(['local-disks', ...args]);
    t.strictSame([own.stdout, own.stderr, own.code], ['', errors.map((error) => `error: ${error}\n`).join(''), code], args.join(' '));
    const dropIn = await run([...args], { as: 'setup-local-disks' });
    t.strictSame([dropIn.stderr, dropIn.code], [own.stderr, 1], 'under the name setup-local-disks');
  }
});

t.test('none does nothing, and needs no rights', async (t) => {
  const { code, stderr } = await run(['none'], { as: 'setup-local-disks' });
  t.strictSame([code, stderr], [0, 'Nothing to do: the disks are left as they are.\n']);
});

t.test('help, under both names', async (t) => {
  for (const { stdout, code } of [await run(['help', 'local-disks']), await run(['--help'], { as: 'setup-local-disks' })]) {
    t.equal(code, 0);
    t.match(stdout, '--no-bind-pods-logs');
    t.match(stdout, 'never formatted');
  }
});

t.test('a machine without instance store', async (t) => {
  if (process.getuid?.() !== 0 || existsSync('/dev/disk/by-id')) return void t.pass('not root, or a machine with disks', { skip: true });
  const { code, stdout } = await run(['local-disks', '--plan', 'raid0']);
  t.equal(code, 0);
  t.match(stdout, /This instance has no disks of the instance store\.[\s\S]*\nNothing to do\.\n$/);
});

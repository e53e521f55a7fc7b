import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { InstanceType } from '../../../src/core/kubelet/instance-types.ts';
import { EXAMPLE_CREDENTIALS } from '../../fakes/example.ts';
import { type Fakes, startFakes } from '../../fakes/main.ts';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);
const KEYS = {
  AWS_ACCESS_KEY_ID: EXAMPLE_CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: EXAMPLE_CREDENTIALS.secretAccessKey,
  AWS_SESSION_TOKEN: EXAMPLE_CREDENTIALS.sessionToken,
};
const TABLE = /DATE = '(.*)'/.exec(readFileSync('src/core/data/instance-limits.ts', 'utf8'))?.[1] ?? '';

const SOLD: readonly InstanceType[] = [
  {
    type: 'z9.xlarge',
    enis: 4,
    ipv4PerEni: 15,
    networkCards: 1,
    hypervisor: 'nitro',
    bareMetal: false,
    vcpus: 4,
    memoryMib: 16384,
    arch: 'amd64',
  },
  {
    type: 'm5.large',
    enis: 5,
    ipv4PerEni: 10,
    networkCards: 1,
    hypervisor: 'nitro',
    bareMetal: false,
    vcpus: 2,
    memoryMib: 8192,
    arch: 'amd64',
  },
  { type: 'z9.metal', enis: 15, ipv4PerEni: 50, networkCards: 1, bareMetal: true, vcpus: 96, memoryMib: 393216, arch: 'arm64' },
];

/** EC2 with types of its own, for a laptop with keys. */
const laptop = async (t: Test): Promise<Fakes & { readonly laptopEnv: Readonly<Record<string, string>> }> => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  fakes.aws.state.types = SOLD;
  return { ...fakes, laptopEnv: { ...KEYS, AWS_ENDPOINT_URL: fakes.aws.url } };
};

t.test('one type, with its reckoning', async (t) => {
  const { code, stdout, stderr } = await run(['max-pods', 'm5.8xlarge', '--cni-prefix-delegation-enabled']);
  t.equal(code, 0, stderr);
  t.equal(
    stdout,
    `m5.8xlarge: 250 pods
  8 ENIs × (30 − 1) prefixes × 16 addresses + 2 = 3714; at most 250 with 32 vCPUs
  kubeReserved: memory 11 MiB × 250 + 255 MiB = 3005 MiB; cpu of 32 CPUs: 6 % of 1000m + 1 % of
  1000m + 0.5 % of 2000m + 0.25 % of 28000m = 150m
  limits: table of ${TABLE}
`,
  );
});

t.test('several types as a table, and the number that fits all', async (t) => {
  const { code, stdout, stderr } = await run(['max-pods', 'm5.large', 't2.medium', 'm5.large', 'c7i.32xlarge'], {
    env: { COLUMNS: '140' },
  });
  t.equal(code, 0, stderr);
  t.equal(
    stdout,
    `TYPE          VCPUS  MAX PODS  ADDRESSES  MEMORY  CPU  HOW
m5.large      2      29        29         574Mi   70m  3 ENIs × (10 − 1) IPv4 addresses + 2 = 29
t2.medium     2      17        17         442Mi   70m  3 ENIs × (6 − 1) IPv4 addresses + 2 = 17
c7i.32xlarge  ?      ?         737        -       -    15 ENIs × (50 − 1) IPv4 addresses + 2 = 737; at most 110 up to 30 vCPUs, 250 above;
                                                       the number of vCPUs is not known

fewest: 17 pods (t2.medium)
limits: table of ${TABLE}
`,
  );
});

t.test('the fewest of several is not guessed either', async (t) => {
  const fewest = async (...types: readonly string[]): Promise<unknown> =>
    JSON.parse((await run(['max-pods', ...types, '--json'])).stdout).fewest;
  t.equal(await fewest('m5.8xlarge', 'c7i.32xlarge'), null, '234, and 110 or 250');
  t.same(await fewest('c7i.32xlarge', 'm5.4xlarge'), { type: 'm5.4xlarge', maxPods: 110 }, '110, and 110 or 250');
  t.match((await run(['max-pods', 'm5.8xlarge', 'c7i.32xlarge'])).stdout, '\nfewest: not known\n');
});

t.test('every type of the table', async (t) => {
  const { code, stdout } = await run(['max-pods', '--all', '--json', '--show-max-allowed']);
  t.equal(code, 0);
  const { types, fewest } = JSON.parse(stdout);
  t.ok(types.length > 1400);
  t.same(fewest, { type: 't1.micro', maxPods: 4 });
  t.equal(Math.max(...types.map(({ maxPods }: { maxPods: number }) => maxPods)), 1514);
});

t.test('as JSON: Windows, IPv6, and a type that cannot', async (t) => {
  const windows = JSON.parse((await run(['max-pods', 'm5.large', 'm7g.large', '--target', 'windows', '--json'])).stdout);
  t.match(windows, {
    schemaVersion: 1,
    kind: 'max-pods',
    wish: { windows: true, ipFamily: 'ipv4', maxEni: null, cniVersion: null },
    types: [
      { type: 'm5.large', maxPods: 9, impossible: null, kubeReserved: { memory: null, cpu: null } },
      { type: 'm7g.large', maxPods: null, allowed: null, impossible: 'Windows nodes are x86-64 only' },
    ],
    fewest: { type: 'm5.large', maxPods: 9 },
  });
  const ipv6 = JSON.parse(
    (await run(['max-pods', 'm5.large', '--ip-family', 'ipv6', '--cni-version', 'v1.18.1-eksbuild.3', '--json'])).stdout,
  );
  t.match(ipv6, {
    wish: { ipFamily: 'ipv6', cniVersion: '1.18.1' },
    types: [
      {
        allowed: null,
        maxPods: 110,
        enis: 3,
        ipv4PerEni: 10,
        vcpus: 2,
        hypervisor: 'nitro',
        kubeReserved: { memory: '1465Mi', cpu: '70m' },
      },
    ],
  });
});

t.test('a type that the table lacks is asked of EC2, with the keys of a laptop', async (t) => {
  const { aws, laptopEnv } = await laptop(t);
  const { code, stdout, stderr } = await run(['max-pods', 'z9.xlarge', 'm5.large', '--region', 'us-west-2', '--json'], { env: laptopEnv });
  t.equal(code, 0, stderr);
  const { types } = JSON.parse(stdout);
  t.match(types, [
    { type: 'z9.xlarge', maxPods: 58, vcpus: 4, source: 'DescribeInstanceTypes in us-west-2' },
    { type: 'm5.large', maxPods: 29, source: `table of ${TABLE}` },
  ]);
  t.equal(aws.count('DescribeInstanceTypes'), 1);
  const both = await run(['max-pods', 'z9.xlarge', 'm5.large', 'm5.xlarge'], { env: { ...laptopEnv, AWS_REGION: 'us-west-2' } });
  t.match(both.stdout, `limits: table of ${TABLE}; z9.xlarge: DescribeInstanceTypes in us-west-2\n`);
});

t.test('--describe: EC2 is asked for what the table knows, too', async (t) => {
  const { laptopEnv } = await laptop(t);
  const env = { ...laptopEnv, AWS_REGION: 'us-west-2' };
  const one = await run(['max-pods', 'm5.large', '--describe'], { env });
  t.match(one.stdout, 'm5.large: 47 pods\n  5 ENIs × (10 − 1) IPv4 addresses + 2 = 47\n');
  const all = JSON.parse((await run(['max-pods', '--all', '--describe', '--json'], { env })).stdout);
  t.same(
    all.types.map(({ type, maxPods }: { type: string; maxPods: number }) => [type, maxPods]),
    [
      ['m5.large', 47],
      ['z9.metal', 250],
      ['z9.xlarge', 58],
    ],
  );
});

t.test('the region of the profile', async (t) => {
  const { laptopEnv } = await laptop(t);
  const dir = t.testdir({ config: '[default]\nregion = us-west-2\n' });
  const { stdout, stderr } = await run(['max-pods', 'z9.xlarge'], { env: { ...laptopEnv, AWS_CONFIG_FILE: join(dir, 'config') } });
  t.match(stdout, '\n  limits: DescribeInstanceTypes in us-west-2\n', stderr);
});

t.test('the type of this instance', async (t) => {
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  const { code, stdout, stderr } = await run(['max-pods', '--instance-type-from-imds'], { env: fakes.env });
  t.equal(code, 0, stderr);
  t.match(stdout, /^m5\.large: 29 pods\n/);
  t.equal(fakes.aws.count(/./), 0, 'EC2 is not asked');
});

t.test('types that nobody has: all at once, with what may have been meant', async (t) => {
  const { laptopEnv } = await laptop(t);
  const refused = await run(['max-pods', 'm5.lagre', 'qqqqqq.qqqqqqqqq', 'm5.large', '--region', 'us-west-2'], { env: laptopEnv });
  t.equal(
    refused.stderr,
    'error: m5.lagre: EC2 has no such instance type in us-west-2. Did you mean m5.large? another region may have it: --region REGION.\n' +
      'error: qqqqqq.qqqqqqqqq: EC2 has no such instance type in us-west-2. Another region may have it: --region REGION.\n',
  );
  t.equal(refused.code, 65);
  t.equal(refused.stdout, '');
});

t.test('EC2 cannot be asked: said with what to do instead', async (t) => {
  const offline = await run(['max-pods', 'm5.lagre'], { env: { AWS_EC2_METADATA_DISABLED: 'true' } });
  t.equal(
    offline.stderr,
    `error: m5.lagre: not found (table of ${TABLE}), and EC2 could not be asked: AWS_EC2_METADATA_DISABLED=true forbids asking IMDS, but facts of this instance are needed. Did you mean m5.large? Name the region: --region REGION or AWS_REGION; only an EC2 instance has one of its own. A file with newer limits also does: --limits FILE.\n`,
  );
  const keyless = await run(['max-pods', 'm5.lagre', '--region', 'us-west-2'], { env: { AWS_EC2_METADATA_DISABLED: 'true' } });
  t.match(keyless.stderr, / Give AWS credentials: AWS_PROFILE, .* A file with newer limits also does: --limits FILE\.\n$/);
  const { aws, laptopEnv } = await laptop(t);
  const denied = '<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>';
  aws.fault({ kind: 'status', status: 403, body: denied });
  const forbidden = await run(['max-pods', 'z9.xlarge', '--region', 'us-west-2'], { env: laptopEnv });
  t.match(
    forbidden.stderr,
    /EC2 could not be asked: DescribeInstanceTypes for type z9\.xlarge failed: UnauthorizedOperation: no\. Allow ec2:/,
  );
  t.equal(forbidden.code, 77);
  for (const { stdout, code } of [offline, keyless, forbidden]) {
    t.equal(stdout, '');
    t.not(code, 0);
  }
});

t.test('--update writes a table that --limits reads', async (t) => {
  const { aws, laptopEnv } = await laptop(t);
  const dir = t.testdir({});
  aws.state.types = [...SOLD, ...Array.from({ length: 99 }, (_, i) => ({ type: `y${i}.large`, enis: 2, ipv4PerEni: 4 }))];
  aws.state.throttle = { capacity: 1, perSecond: 20, retryAfter: 0 };
  const file = join(dir, 'limits.csv');
  const written = await run(['max-pods', '--update', 'limits.csv', '--region', 'us-west-2'], { env: laptopEnv, cwd: dir });
  t.equal(written.code, 0, written.stderr);
  t.match(written.stderr, new RegExp(`limits\\.csv: 102 types: 102 of us-west-2; 101 new and 1 changed against table of ${TABLE}\n$`));
  const text = readFileSync(file, 'utf8');
  t.match(
    text,
    /^# Instance limits of \d{4}-\d\d-\d\d, by DescribeInstanceTypes in us-west-2\. bootwright max-pods --update\ninstance_type,/,
  );
  t.match(text, '\nm5.large,5,10,1,nitro,false,2,8192,amd64,\n');
  t.match(text, '\nz9.metal,15,50,1,unknown,true,96,393216,arm64,\n');
  t.equal(statSync(file).mode & 0o777, 0o644);
  const rows = text.trimEnd().split('\n').slice(2);
  t.same(rows, [...rows].sort(), 'sorted');

  aws.state.types = [...aws.state.types].reverse();
  const again = await run(['max-pods', '--update', '-', '--region', 'us-west-2'], { env: laptopEnv, cwd: dir });
  t.equal(again.stdout, text, 'the same answer in another order gives the same bytes');

  const read = await run(['max-pods', 'z9.metal', '--limits', 'limits.csv', '--show-max-allowed', '--cni-prefix-delegation-enabled'], {
    cwd: dir,
  });
  t.match(read.stdout, /^z9\.metal: 11762 pods\n/);
  t.match(read.stdout, /\n {2}limits: limits\.csv of \d{4}-\d\d-\d\d\n$/);
  const all = JSON.parse((await run(['max-pods', '--all', '--limits', '-', '--json'], { input: text })).stdout);
  t.equal(all.types.length, 102, 'instead of the built-in table');
});

t.test('--update with --limits keeps what the regions do not have', async (t) => {
  const { laptopEnv } = await laptop(t);
  const before = 'instance_type,max_enis,ipv4_per_eni,accelerator\nold.large,3,10,\nz9.xlarge,2,15,nvidia\n';
  const dir = t.testdir({ 'l.csv': before });
  const written = await run(['max-pods', '--limits', 'l.csv', '--update', 'l.csv', '--region', 'us-west-2'], { env: laptopEnv, cwd: dir });
  t.equal(written.code, 0, written.stderr);
  t.equal(written.stderr, 'l.csv: 4 types: 3 of us-west-2, 1 kept; 2 new and 1 changed against l.csv\n');
  const text = readFileSync(join(dir, 'l.csv'), 'utf8');
  t.match(text, '\nold.large,3,10,,unknown,,,,,\n');
  t.match(text, '\nz9.xlarge,4,15,1,nitro,false,4,16384,amd64,nvidia\n', 'what EC2 does not say stays');
});

t.test('an update that cannot be whole writes nothing', async (t) => {
  const { aws, laptopEnv } = await laptop(t);
  const dir = t.testdir({ 'l.csv': 'old\n', directory: {} });
  const env = { ...laptopEnv, AWS_REGION: 'us-west-2', AWS_MAX_ATTEMPTS: '1' };
  aws.state.types = Array.from({ length: 60 }, (_, i) => ({ type: `y${i}.large`, enis: 2, ipv4PerEni: 4 }));
  const page = '<DescribeInstanceTypesResponse><instanceTypeSet/></DescribeInstanceTypesResponse>';
  aws.fault({ kind: 'status', status: 200, body: page, times: 1 });
  const empty = await run(['max-pods', '--update', 'l.csv'], { env, cwd: dir });
  t.equal(empty.stderr, 'error: EC2 names no instance type in us-west-2. Check the region and AWS_ENDPOINT_URL.\n');
  t.equal(empty.code, 76);
  aws.fault({ kind: 'status', status: 200, body: page, times: 1 });
  t.equal((await run(['max-pods', '--all', '--describe'], { env })).code, 76, 'nor is there anything to show');
  aws.fault({ kind: 'delay', times: 1 });
  aws.fault({ kind: 'truncate' });
  const broken = await run(['max-pods', '--update', 'l.csv'], { env, cwd: dir });
  t.match(broken.stderr, /^error: DescribeInstanceTypes failed: /);
  t.equal(broken.code, 69);
  aws.clearFaults();
  const directory = await run(['max-pods', '--update', 'directory'], { env, cwd: dir });
  t.match(directory.stderr, /^error: .*directory.*: a directory is there\. Move it away and run again\.\n$/);
  t.equal(directory.code, 73);
  const nowhere = await run(['max-pods', '--update', 'no/l.csv'], { env, cwd: dir });
  t.equal(nowhere.code, 73, nowhere.stderr);
  t.notOk(existsSync(join(dir, 'no')));
  t.equal(readFileSync(join(dir, 'l.csv'), 'utf8'), 'old\n');
});

t.test('two regions that disagree', async (t) => {
  const { aws, laptopEnv } = await laptop(t);
  aws.state.facts = { ...aws.state.facts, instance: {} }; // takes signatures of every region
  const dir = t.testdir({});
  const server = aws.state;
  Object.defineProperty(server, 'types', {
    get: () =>
      aws.count('DescribeInstanceTypes') > 1
        ? [{ type: 'z9.large', enis: 2, ipv4PerEni: 20 }]
        : [{ type: 'z9.large', enis: 3, ipv4PerEni: 10 }],
  });
  const written = await run(['max-pods', '--update', 'l.csv', '--region', 'us-west-2', '--region', 'eu-west-1'], {
    env: laptopEnv,
    cwd: dir,
  });
  t.match(
    written.stderr,
    'warning: z9.large: DescribeInstanceTypes in us-west-2 and DescribeInstanceTypes in eu-west-1 disagree; the smaller limits are taken\n',
  );
  t.match(readFileSync(join(dir, 'l.csv'), 'utf8'), '\nz9.large,2,10,');
});

t.test('a limits file is not trusted', async (t) => {
  const dir = t.testdir({
    'bad.csv': 'instance_type,max_enis,ipv4_per_eni\nm5.large,3\nM5.large,0,10\n',
    'empty.csv': '',
    'huge.csv': `instance_type,max_enis,ipv4_per_eni\n${'#'.repeat(1024 * 1024)}\n`,
    'binary.csv': Buffer.from([0xff, 0xfe, 0]),
    directory: {},
  });
  const refused = async (file: string): Promise<readonly [number | null, string]> => {
    const { code, stderr, stdout } = await run(['max-pods', 'm5.large', '--limits', file], { cwd: dir });
    t.equal(stdout, '');
    return [code, stderr];
  };
  t.same(await refused('bad.csv'), [
    65,
    'error: --limits bad.csv:2: has 2 values for 3 columns. Give each column one value, which may be empty.\n' +
      "error: --limits bad.csv:3: instance_type 'M5.large' is not an instance type. Correct the value.\n" +
      "error: --limits bad.csv:3: max_enis '0' is not a number from 1 on. Correct the value.\n",
  ]);
  t.same(await refused('empty.csv'), [
    65,
    'error: --limits empty.csv: holds no instance types. Make the file with `bootwright max-pods --update`.\n',
  ]);
  t.same(await refused('huge.csv'), [
    66,
    'error: --limits huge.csv is larger than 1 MiB. Give a smaller file: no configuration is that long.\n',
  ]);
  t.same(await refused('binary.csv'), [66, 'error: --limits binary.csv is not UTF-8 text. Give a text file in UTF-8.\n']);
  t.same(await refused('directory'), [66, 'error: --limits directory is a directory. Give a regular file.\n']);
  t.same(await refused('none.csv'), [66, 'error: --limits none.csv does not exist. Check the path; it is a file of this machine.\n']);
});

const LIST = 'amazon-linux-2, al2, amazon-linux-2023, al2023, bottlerocket, ubuntu, windows';
const BAD: readonly (readonly [readonly string[], number, readonly string[]])[] = [
  [[], 64, ['TYPE: no instance type is named. Name some, as in `bootwright max-pods m5.large`, or give --all.']],
  [['m5.large', '--all'], 64, ['--all: does not go together with instance types. Choose one of them.']],
  [
    ['m5.large', '--all', '--instance-type-from-imds'],
    64,
    ['--all: does not go together with instance types, --instance-type-from-imds. Choose one of them.'],
  ],
  [
    ['M5.large', 'm5'],
    65,
    ["TYPE: 'M5.large' is not an instance type. Give it as in m5.large.", "TYPE: 'm5' is not an instance type. Give it as in m5.large."],
  ],
  [
    ['m5.large', '--cni-version', 'new', '--cni-max-eni', '0', '--region', 'x', '--ip-family', 'ipv5', '--target', 'windoze'],
    65,
    [
      "--cni-version: 'new' is not a version of the CNI. Give it as in 1.18.1.",
      "--cni-max-eni: '0' is not a number of ENIs. Give it as in 2.",
      "--region: 'x' is not a region. Give it as in us-west-2.",
      "--ip-family: 'ipv5' is none of ipv4, ipv6. Did you mean ipv4?",
      `--target: 'windoze' is none of ${LIST}. Did you mean windows?`,
    ],
  ],
  [['m5.large', '--target', 'macos'], 65, [`--target: 'macos' is none of ${LIST}. Give one of ${LIST}.`]],
  [
    ['m5.large', '--target', 'windows', '--ip-family', 'ipv6', '--cni-custom-networking-enabled', '--cni-max-eni', '2'],
    64,
    [
      '--ip-family ipv6: Windows nodes have no IPv6. Leave --ip-family ipv6 out.',
      '--cni-custom-networking-enabled: Windows nodes have no custom networking. Leave --cni-custom-networking-enabled out.',
      '--cni-max-eni: Windows nodes use one ENI in any case. Leave --cni-max-eni out.',
    ],
  ],
  [
    ['m5.large', '--ip-family', 'ipv6', '--show-max-allowed', '--cni-version', '1.9.0'],
    64,
    [
      '--show-max-allowed: IPv6 addresses set no limit that could be shown. Leave --show-max-allowed out.',
      '--cni-version: the CNI serves IPv6 clusters from 1.10.0 on. Update the CNI.',
    ],
  ],
  [
    ['m4.large', '--ip-family', 'ipv6'],
    78,
    ['m4.large: IPv6 takes prefixes, and prefix delegation needs a Nitro instance, and this is xen. Choose another instance type.'],
  ],
  [
    ['m7g.large', 'c7g.large', '--target=windows'],
    78,
    [
      'm7g.large: Windows nodes are x86-64 only. Choose another instance type.',
      'c7g.large: Windows nodes are x86-64 only. Choose another instance type.',
    ],
  ],
  [
    ['--update', 'f', '--json', '--describe', '--cni-max-eni', '2', 'm5.large'],
    64,
    [
      '--update: does not go together with instance types. Choose one of them.',
      '--cni-max-eni: has no meaning with --update. Leave it out.',
      '--describe: has no meaning with --update. Leave it out.',
      '--json: has no meaning with --update. Leave it out.',
    ],
  ],
  [
    ['m5.large', '--limits', 'f', '--describe'],
    64,
    ['--limits: is not read with --describe, which asks EC2 in any case. Leave one of them out.'],
  ],
  [['--update', ''], 64, ['--update: has no value. Write --update FILE.']],
  [['--update'], 64, ['--update: has no value. Write --update FILE.']],
  [['m5.large', '--prefix-delegation'], 64, ['--prefix-delegation: there is no such option. `bootwright help max-pods` lists them.']],
  [['m5.large', '--json=yes'], 64, ['--json: takes no value. Write --json alone.']],
  [['m5.large', '--limits', '--json'], 64, ['--limits: has no value. Write --limits FILE.']],
];
for (const [args, code, messages] of BAD) {
  t.test(`refused: ${args.join(' ')}`, async (t) => {
    const dir = t.testdir({});
    const refused = await run(['max-pods', ...args], { cwd: dir });
    t.equal(refused.stderr, messages.map((message) => `error: ${message}\n`).join(''));
    t.equal(refused.code, code);
    t.equal(refused.stdout, '');
    t.notOk(existsSync(join(dir, 'f')));
  });
}

import t from 'tap';
import { exampleFacts } from '../../fakes/example.ts';
import { startFakes } from '../../fakes/main.ts';
import { makeProgram } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);
const AS = 'max-pods-calculator.sh';
const V = ['--cni-version', '1.18.1'];

/** Arguments and the number that the program of old printed for them. */
const NUMBERS: readonly (readonly [string, number])[] = [
  ['--instance-type m5.large --cni-version 1.7.5', 29],
  ['--instance-type=m5.large --cni-version=1.7.5', 29],
  ['--instance-type m5.large --cni-version 1.9.0 --cni-prefix-delegation-enabled', 110],
  ['--instance-type m5.large --cni-version 1.9.0 --cni-prefix-delegation-enabled --show-max-allowed', 434],
  ['--instance-type m5.large --cni-version 1.8.0 --cni-prefix-delegation-enabled --show-max-allowed', 29],
  ['--instance-type m5.8xlarge --cni-version 1.9.0', 234],
  ['--instance-type m5.8xlarge --cni-version 1.9.0 --cni-prefix-delegation-enabled', 250],
  ['--instance-type m5.8xlarge --cni-version 2.0.0 --cni-prefix-delegation-enabled --show-max-allowed', 3714],
  ['--instance-type m4.xlarge --cni-version 1.9.0 --cni-prefix-delegation-enabled', 58],
  ['--instance-type c5.metal --cni-version 1.9.0 --cni-prefix-delegation-enabled --show-max-allowed', 737],
  ['--instance-type c6in.32xlarge --cni-version 1.9.0 --show-max-allowed', 394],
  ['--instance-type m5.large --cni-version 1.9.0 --cni-custom-networking-enabled', 20],
  ['--instance-type m5.large --cni-version 1.9.0 --cni-max-eni 2', 20],
  ['--instance-type m5.large --cni-version 1.9.0 --cni-max-eni 20', 29],
  ['--instance-type m5.large --cni-version 1.9.0 --cni-max-eni 2 --cni-custom-networking-enabled', 11],
  ['--instance-type m5.large --cni-version 1.9.0 --cni-max-eni 1 --cni-custom-networking-enabled', 2],
  ['--instance-type c5.18xlarge --cni-version 1.10.0 --show-max-allowed', 737],
];
for (const [line, number] of NUMBERS) {
  t.test(line, async (t) => {
    const { code, stdout } = await run(line.split(' '), { as: AS });
    t.equal(stdout, `${number}\n`);
    t.equal(code, 0);
  });
}

t.test('what was silent is a warning on stderr', async (t) => {
  const xen = await run(['--instance-type', 'm4.xlarge', ...V, '--cni-prefix-delegation-enabled', 'word'], { as: `/etc/eks/${AS}` });
  t.equal(xen.stdout, '58\n');
  t.equal(
    xen.stderr,
    "warning: 'word' is not used: this program takes options only\n" +
      'warning: prefix delegation needs a Nitro instance, and this is xen: reckoned with single addresses\n',
  );
});

t.test('variables count where an option is not given', async (t) => {
  const env = {
    INSTANCE_TYPE: 'm5.large',
    CNI_VERSION: '1.18.1',
    CNI_PREFIX_DELEGATION_ENABLED: 'true',
    CNI_MAX_ENI: '2',
    SHOW_MAX_ALLOWED: 'true',
  };
  t.equal((await run([], { as: AS, env })).stdout, '290\n');
  t.equal((await run(['--cni-max-eni', '1', '--instance-type', 'm5.xlarge'], { as: AS, env })).stdout, '226\n');
  t.equal((await run([], { as: AS, env: { ...env, CNI_MAX_ENI: '', CNI_PREFIX_DELEGATION_ENABLED: 'false' } })).stdout, '29\n');
});

t.test('the type of this instance; EC2 for what the table lacks', async (t) => {
  const facts = exampleFacts();
  const here = await startFakes({ facts: { ...facts, instance: { ...facts.instance, type: 'c5.18xlarge' } } });
  t.teardown(() => here.close());
  const own = await run(['--instance-type-from-imds', '--instance-type', 'm5.large', '--cni-version', '1.10.0', '--show-max-allowed'], {
    as: AS,
    env: here.env,
  });
  t.equal(own.stdout, '737\n');
  t.equal(own.stderr, 'warning: --instance-type is not used: --instance-type-from-imds beats it\n');
  t.equal(here.aws.count(/./), 0, 'EC2 is not asked for what the table knows');
  here.aws.state.types = [
    { type: 'z9.large', enis: 3, ipv4PerEni: 10, hypervisor: 'nitro', vcpus: 2 },
    { type: 'c7i.32xlarge', enis: 15, ipv4PerEni: 50, hypervisor: 'nitro', vcpus: 128 },
    { type: 'cr1.8xlarge', enis: 8, ipv4PerEni: 30, hypervisor: 'xen', vcpus: 32 },
    { type: 'z9.xlarge', enis: 15, ipv4PerEni: 50, hypervisor: 'nitro' },
  ];
  const asked = async (type: string, ...more: readonly string[]): Promise<string> =>
    (await run(['--instance-type', type, ...V, ...more], { as: AS, env: here.env })).stdout;
  t.equal(await asked('z9.large', '--cni-prefix-delegation-enabled'), '110\n');
  t.equal(await asked('c7i.32xlarge'), '250\n', 'the table has no vCPUs of it');
  t.equal(await asked('cr1.8xlarge', '--cni-prefix-delegation-enabled'), '234\n', 'nor the hypervisor of this');
  t.equal(here.aws.count('DescribeInstanceTypes'), 3);
  const unknown = await run(['--instance-type', 'z9.nothing', ...V], { as: AS, env: here.env });
  t.equal(
    unknown.stderr,
    "error: --instance-type: EC2 has no instance type 'z9.nothing' in us-west-2. Check its spelling and AWS_REGION.\n",
  );
  t.equal(unknown.code, 1);
  const vcpus = await run(['--instance-type', 'z9.xlarge', ...V], { as: AS, env: here.env });
  t.equal(vcpus.stderr, 'error: EC2 does not say how many vCPUs z9.xlarge has. Give --show-max-allowed for the number without a bound.\n');
  t.equal(vcpus.code, 1);
  t.equal(unknown.stdout + vcpus.stdout, '');
});

t.test('a type that the table lacks, and no region to ask about it', async (t) => {
  const env = { AWS_EC2_METADATA_DISABLED: 'true', AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  const { code, stderr, stdout } = await run(['--instance-type', 'z9.large', ...V], { as: AS, env });
  t.equal(
    stderr,
    'error: AWS_EC2_METADATA_DISABLED=true forbids asking IMDS, but facts of this instance are needed. Set AWS_REGION; only an EC2 instance has a region of its own.\n',
  );
  t.equal(code, 1);
  t.equal(stdout, '');
});

t.test('help ends with 1, as it did', async (t) => {
  for (const word of ['-h', '--help']) {
    const { code, stdout } = await run([word], { as: AS });
    t.match(stdout, /^Usage: max-pods-calculator\.sh --instance-type TYPE --cni-version X\.Y\.Z/);
    t.equal(code, 1);
  }
});

const BAD: readonly (readonly [readonly string[], Readonly<Record<string, string>>, readonly string[]])[] = [
  [
    [],
    {},
    [
      '--instance-type: is missing. Give --instance-type TYPE or --instance-type-from-imds.',
      '--cni-version: is missing. Give --cni-version X.Y.Z, as in 1.18.1.',
    ],
  ],
  [
    ['--instance-type', 'm5', '--cni-version', 'latest', '--cni-max-eni', 'two'],
    { SHOW_MAX_ALLOWED: 'yes' },
    [
      "--instance-type: 'm5' is not an instance type. Give it as in m5.large.",
      "--cni-version: 'latest' is not a version of the CNI. Give it as in 1.18.1.",
      "--cni-max-eni: 'two' is not a number of ENIs. Give it as in 2.",
      "SHOW_MAX_ALLOWED: 'yes' is neither true nor false. Write true or false, in lower case.",
    ],
  ],
  [
    [],
    { INSTANCE_TYPE: 'M5.LARGE', CNI_VERSION: '1', CNI_MAX_ENI: '0', CNI_CUSTOM_NETWORKING_ENABLED: '1', INSTANCE_TYPE_FROM_IMDS: 'True' },
    [
      "INSTANCE_TYPE: 'M5.LARGE' is not an instance type. Give it as in m5.large.",
      "CNI_VERSION: '1' is not a version of the CNI. Give it as in 1.18.1.",
      "CNI_MAX_ENI: '0' is not a number of ENIs. Give it as in 2.",
      "INSTANCE_TYPE_FROM_IMDS: 'True' is neither true nor false. Write true or false, in lower case.",
      "CNI_CUSTOM_NETWORKING_ENABLED: '1' is neither true nor false. Write true or false, in lower case.",
    ],
  ],
  [
    ['--instance-type', 'm5.large', ...V, '--cni-prefix-delegation'],
    {},
    ['--cni-prefix-delegation: there is no such option. Did you mean --cni-prefix-delegation-enabled?'],
  ],
  [['--instance-type', 'm5.large', '--cni-version'], {}, ['--cni-version: has no value. Write --cni-version X.Y.Z.']],
  [
    ['--instance-type', 'm5.large', ...V, '--show-max-allowed=true'],
    {},
    ['--show-max-allowed: takes no value. Write --show-max-allowed alone.'],
  ],
];
for (const [args, env, messages] of BAD) {
  t.test(`refused: ${args.join(' ')} ${Object.keys(env).join(' ')}`, async (t) => {
    const refused = await run(args, { as: AS, env });
    t.equal(refused.stderr, messages.map((message) => `error: ${message}\n`).join(''));
    t.equal(refused.code, 1);
    t.equal(refused.stdout, '');
  });
}

import t from 'tap';
import { startFakes } from '../../fakes/main.ts';
import { needs } from '../../rig/parts.ts';
import { runPrivately } from '../support/private-mounts.ts';
import { makeProgram } from '../support/program.ts';

const { path, run } = await makeProgram(t.teardown);
const HOST = '602401143452.dkr.ecr.us-west-2.amazonaws.com';
const FORM = 'Write get-ecr-uri.sh REGION DOMAIN [ACCOUNT], as in get-ecr-uri.sh us-west-2 amazonaws.com.\n';

t.test('account and host by region, by both names', async (t) => {
  for (const [args, host] of [
    [['us-west-2', 'amazonaws.com'], HOST],
    [['us-west-2', 'amazonaws.com', ''], HOST],
    [['eu-south-2', 'amazonaws.com'], '455263428931.dkr.ecr.eu-south-2.amazonaws.com'],
    [['cn-north-1', 'amazonaws.com.cn'], '918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn'],
    [['us-isob-west-1', 'sc2s.sgov.gov'], '321162350305.dkr.ecr.us-isob-west-1.sc2s.sgov.gov'],
    [['xx-new-1', 'amazonaws.com', '001122334455'], '001122334455.dkr.ecr.xx-new-1.amazonaws.com'],
  ] as const) {
    const expected = { code: 0, signal: null, stdout: `${host}\n`, stderr: '' };
    t.same(await run(args, { as: '/etc/eks/get-ecr-uri.sh' }), expected, args.join(' '));
    t.same(await run(['ecr-uri', ...args]), expected);
  }
});

t.test('a region that is not in the table: another one of its partition, and a warning', async (t) => {
  const { code, stdout, stderr } = await run(['us-gov-north-1', 'amazonaws.com'], { as: 'get-ecr-uri.sh' });
  t.same([code, stdout], [0, '013241004608.dkr.ecr.us-gov-west-1.amazonaws.com\n']);
  t.equal(
    stderr,
    'warning: REGION: the region us-gov-north-1 is not in the table of 2026-03-04: the registry is that of us-gov-west-1. Did you mean us-gov-east-1? For a new region use a newer bootwright, or give an account.\n',
  );
});

t.test('under our own name the rest is known: the partition’s domain, the instance’s region', async (t) => {
  t.equal((await run(['ecr-uri', 'cn-northwest-1'])).stdout, '961992271922.dkr.ecr.cn-northwest-1.amazonaws.com.cn\n');
  const fakes = await startFakes();
  t.teardown(() => fakes.close());
  fakes.imds.tree.set('latest/meta-data/services/domain', 'example.aws');
  const { stdout, stderr } = await run(['ecr-uri'], { env: fakes.env });
  t.equal(stdout, '602401143452.dkr.ecr.us-west-2.example.aws\n', stderr);
});

t.test('a kernel in FIPS mode: the FIPS host where its name resolves', async (t) => {
  if (!needs(t, 'linux', 'root')) return;
  const dir = t.testdir({ fips_enabled: '1\n', nsswitch: 'hosts: files\n', hosts: `127.0.0.1 ${HOST.replace('.ecr.', '.ecr-fips.')}\n` });
  const prepare = `mount -t tmpfs tmpfs /proc/sys; mkdir /proc/sys/crypto; cp ${dir}/fips_enabled /proc/sys/crypto
mount --bind ${dir}/nsswitch /etc/nsswitch.conf; mount --bind ${dir}/hosts /etc/hosts`;
  for (const [region, host] of [
    ['us-west-2', HOST.replace('.ecr.', '.ecr-fips.')],
    ['us-east-1', HOST.replace('us-west-2', 'us-east-1')],
  ] as const) {
    const { code, stdout, stderr } = await runPrivately({ prepare, program: path, as: 'get-ecr-uri.sh', args: [region, 'amazonaws.com'] });
    t.same([code, stdout, stderr], [0, `${host}\n`, '']);
  }
});

const BAD: readonly (readonly [readonly string[], string])[] = [
  [[], `error: REGION: is missing. ${FORM}error: DOMAIN: is missing. ${FORM}`],
  [['', 'amazonaws.com'], `error: REGION: is missing. ${FORM}`],
  [
    ['us west 2', 'amazonaws', '1234'],
    "error: REGION: 'us west 2' is not a region. Give one like us-west-2.\n" +
      "error: DOMAIN: 'amazonaws' is not a domain. Give what IMDS says at latest/meta-data/services/domain.\n" +
      "error: ACCOUNT: '1234' is not an AWS account number. Give the 12 digits of the account, in quotes: a leading zero counts.\n",
  ],
  [['us-west-2', 'amazonaws.com', '', 'x'], 'error: x: is one word too many. `bootwright help ecr-uri` shows the form.\n'],
];
for (const [args, message] of BAD) {
  t.test(`refused: ${args.join(' ')}`, async (t) => {
    t.same(await run(args, { as: 'get-ecr-uri.sh' }), { code: 1, signal: null, stdout: '', stderr: message });
  });
}

t.test('refused under our own name, with its exit codes', async (t) => {
  t.equal((await run(['ecr-uri', 'x'])).code, 65);
  t.equal((await run(['ecr-uri', 'us-west-2', 'amazonaws.com', '', 'x'])).code, 64);
});

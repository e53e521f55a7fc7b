import fc from 'fast-check';
import t from 'tap';
import { BOOTSTRAP_FLAGS, decodeBootstrap } from '../../../src/core/config/bootstrap-flags.ts';
import { hasErrors } from '../../../src/core/report.ts';
import { CA, ENDPOINT, linesOf, PAIR, specWith } from '../support/plain.ts';

t.test('defaults are those of bootstrap.sh', async (t) => {
  t.same(specWith(), {
    target: 'amazon-linux-2',
    cluster: { name: { value: 'my-cluster', origin: 'flag', at: '<cluster-name>' } },
    kubelet: {
      useMaxPods: { value: true, origin: 'default', at: 'bootstrap.sh' },
      reserveFor: { value: 'eni-max-pods', origin: 'default', at: 'bootstrap.sh' },
      nodeName: { value: 'private-dns-name', origin: 'default', at: 'bootstrap.sh' },
    },
    credentialPlugin: { value: 'auto', origin: 'default', at: 'bootwright' },
    apiRetryAttempts: { value: 3, origin: 'default', at: 'bootstrap.sh' },
    options: {
      kind: 'amazon-linux-2',
      mountBpfFs: { value: true, origin: 'default', at: 'bootstrap.sh' },
      pauseVersion: { value: '3.5', origin: 'default', at: 'bootstrap.sh' },
    },
  });
  t.same(specWith([], {}, 'own').kubelet.reserveFor, { value: 'max-pods', origin: 'default', at: 'bootwright' });
});

/** Each flag with a value that is right, by the way it stands in the spec or the run. */
const RIGHT: { readonly [flag: string]: readonly [value: string, read: unknown] } = {
  '--apiserver-endpoint': [ENDPOINT, ENDPOINT],
  '--b64-cluster-ca': [CA, CA],
  '--aws-api-retry-attempts': ['7', 7],
  '--containerd-config-file': ['/etc/my.toml', '/etc/my.toml'],
  '--dns-cluster-ip': ['10.100.0.10, 10.100.0.11', ['10.100.0.10', '10.100.0.11']],
  '--ip-family': ['IPv4', 'ipv4'],
  '--cluster-id': ['5bd5d1d7-9a0d-4f53-8b4c-0a3b1e6c7d11', '5bd5d1d7-9a0d-4f53-8b4c-0a3b1e6c7d11'],
  '--container-runtime': ['dockerd', 'dockerd'],
  '--docker-config-json': ['{}', '{}'],
  '--enable-docker-bridge': ['true', true],
  '--enable-local-outpost': ['true', true],
  '--kubelet-extra-args': ['--v=4', '--v=4'],
  '--mount-bpf-fs': ['false', false],
  '--pause-container-account': ['012345678901', '012345678901'],
  '--pause-container-version': ['3.10', '3.10'],
  PAUSE_CONTAINER_IMAGE: ['mirror.local:5000/eks/pause', 'mirror.local:5000/eks/pause'],
  '--service-ipv4-cidr': ['10.100.0.0/16', '10.100.0.0/16'],
  '--use-max-pods': ['false', false],
  '--credential-plugin': ['bootwright', 'bootwright'],
  '--reserve-for': ['max-pods', 'max-pods'],
  '--node-name': ['instance-id', 'instance-id'],
  '--root': ['./image', './image'],
  '--verify': ['none', 'none'],
};
/** Flags that may be given and change nothing, whatever the node. */
const INERT: { readonly [flag: string]: string } = {
  '--local-disks': 'none',
};

/** All values in what was decoded, with their origins. */
const sourcedIn = (
  args: readonly string[],
  env: { readonly [name: string]: string },
): readonly { value: unknown; origin: unknown; at: unknown }[] => {
  const { request, diagnostics } = decodeBootstrap(['my-cluster', ...args], env, 'drop-in');
  if (hasErrors(diagnostics)) throw new Error(linesOf(diagnostics).join('\n'));
  const { spec, run } = request ?? {};
  if (!spec || !run) throw new Error('no spec');
  return [
    ...Object.values(spec.cluster),
    ...Object.values(spec.kubelet),
    ...Object.values(spec.options),
    ...Object.values(run),
    spec.credentialPlugin,
    spec.apiRetryAttempts,
  ];
};

t.test('every flag: as a flag, with an equals sign, as a variable; the flag wins; empty is not given', async (t) => {
  for (const { flag, env, value } of BOOTSTRAP_FLAGS) {
    const right = RIGHT[flag ?? env ?? ''];
    if (value === undefined || right === undefined) {
      t.ok(flag === '--json' || flag === '--service-ipv6-cidr' || INERT[flag ?? ''] !== undefined, `${flag} is known to this test`);
      continue;
    }
    const [text, read] = right;
    // A lone half of the pair would be dropped.
    const rest = [flag === '--apiserver-endpoint' ? PAIR.slice(2) : [], flag === '--b64-cluster-ca' ? PAIR.slice(0, 2) : []].flat();
    const has = (args: readonly string[], variables: { readonly [name: string]: string }, origin: string, at: string): void => {
      t.match(
        sourcedIn([...rest, ...args], variables).filter((sourced) => sourced.at === at),
        [{ value: read, origin, at }],
        `${at} by ${origin}`,
      );
    };
    if (flag !== undefined) {
      has([flag, text], {}, 'flag', flag);
      has([`${flag}=${text}`], {}, 'flag', flag);
      if (env !== undefined) has([flag, text], { [env]: 'nonsense that nobody reads' }, 'flag', flag);
      t.notOk(
        sourcedIn([...rest, flag, ''], {}).some(({ at }) => at === flag),
        `${flag} '' is not given`,
      );
    }
    if (env !== undefined) {
      has([], { [env]: text }, 'env', env);
      if (flag !== undefined) has([flag, ''], { [env]: text }, 'env', env);
      t.notOk(
        sourcedIn(rest, { [env]: '' }).some(({ at }) => at === env),
        `${env}= is not given`,
      );
    }
  }
  for (const [flag, text] of Object.entries(INERT)) t.ok(sourcedIn([flag, text], {}), `${flag} ${text} is taken`);
});

t.test('CLUSTER_NAME is not looked at', async (t) => {
  const { diagnostics } = decodeBootstrap([], { CLUSTER_NAME: 'my-cluster' }, 'drop-in');
  t.same(linesOf(diagnostics), ['error no-cluster-name <cluster-name>: cluster name is not defined!']);
});

t.test('help needs nothing else to be right', async (t) => {
  for (const args of [['--help'], ['-h'], ['c', '--nonsense', '--help'], ['--use-max-pods', 'maybe', '-h']]) {
    t.same(
      decodeBootstrap(args, {}, 'drop-in'),
      { request: { help: true, run: { json: false, tomlFiles: [] } }, diagnostics: [], echo: [] },
      args.join(' '),
    );
  }
  t.equal(decodeBootstrap(['c', '--kubelet-extra-args', '--help'], {}, 'drop-in').request?.help, false, 'as a value it is one');
});

t.test('the order of words does not matter, and -- ends the flags', async (t) => {
  const spec = specWith(['--use-max-pods', 'false']);
  t.same(decodeBootstrap(['--use-max-pods', 'false', 'my-cluster'], {}, 'drop-in').request?.spec, spec);
  t.same(decodeBootstrap(['--use-max-pods', 'false', '--', 'my-cluster'], {}, 'drop-in').request?.spec, spec);
});

t.test('of a repeated flag the last one counts', async (t) => {
  const { request, diagnostics } = decodeBootstrap(['c', '--kubelet-extra-args', '--v=2', '--kubelet-extra-args', '--v=3'], {}, 'drop-in');
  t.equal(request?.spec?.kubelet.extraArgs?.value, '--v=3');
  t.same(linesOf(diagnostics), [
    'warning repeated-flag --kubelet-extra-args: is given more than once with different values; the last one counts',
  ]);
  t.same(decodeBootstrap(['c', '--use-max-pods', 'true', '--use-max-pods', 'true'], {}, 'drop-in').diagnostics, []);
});

t.test('a backslash at a line’s end joins the lines, as systemd did', async (t) => {
  t.equal(specWith(['--kubelet-extra-args', '--v=2 \\\n  --max-pods=3 \\\r\n']).kubelet.extraArgs?.value, '--v=2    --max-pods=3  ');
});

t.test('line breaks in the CA are dropped', async (t) => {
  const wrapped = CA.replace(/.{76}/g, '$&\n');
  t.equal(specWith(['--apiserver-endpoint', ENDPOINT, '--b64-cluster-ca', wrapped]).cluster.certificateAuthority?.value, CA);
});

t.test('the log has what was given, without secrets', async (t) => {
  const args = [
    'c',
    ...PAIR,
    '--docker-config-json',
    '{"auths":{"x":{"auth":"aGk="}}}',
    '--kubelet-extra-args=--v=2',
    '--dns-cluster-ip',
    '',
  ];
  t.same(decodeBootstrap(args, { IP_FAMILY: 'ipv4' }, 'drop-in').echo, [
    `--apiserver-endpoint='${ENDPOINT}'`,
    `--b64-cluster-ca='${CA.slice(0, 16)}… (${CA.length} characters)'`,
    "--docker-config-json='***'",
    "--kubelet-extra-args='--v=2'",
    "--dns-cluster-ip=''",
  ]);
});

t.test('run flags are there though something else is wrong', async (t) => {
  const { request } = decodeBootstrap(['--json', '--root', '/img'], {}, 'own');
  t.same(request, { help: false, run: { root: { value: '/img', origin: 'flag', at: '--root' }, json: true, tomlFiles: [] } });
});

t.test('no words and no variables break it', async () => {
  const flags = BOOTSTRAP_FLAGS.flatMap(({ flag }) => flag ?? []);
  const variables = BOOTSTRAP_FLAGS.flatMap(({ env }) => env ?? []);
  const values = ['', 'true', 'ipv6', 'ipv4', '10.0.0.0/8', 'fd00::/108', '10.0.0.10', CA, ENDPOINT, 'none', '/x', '3', 'c'];
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom(...values));
  const word = fc.oneof(
    fc.constantFrom(...flags),
    text,
    fc.tuple(fc.constantFrom(...flags), text).map(([flag, value]) => `${flag}=${value}`),
  );
  const env = fc.dictionary(fc.constantFrom(...variables, '__proto__', 'PATH'), text);
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), env, fc.constantFrom('drop-in' as const, 'own' as const), (args, given, style) => {
      const { request, diagnostics } = decodeBootstrap(args, given, style);
      const isComplete = diagnostics.every(
        ({ path, message, remedy }) => path !== '' && message !== '' && remedy !== '' && !message.includes('\n'),
      );
      return isComplete && request !== undefined && (request.spec !== undefined) === (!request.help && !hasErrors(diagnostics));
    }),
    { numRuns: 1000 },
  );
});

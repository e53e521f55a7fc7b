/** `preview` on a NodeConfig: in any form that user data has, and what it shows of Amazon Linux 2023. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t from 'tap';
import { exampleCluster } from '../../fakes/example.ts';
import { makeImage } from '../support/image.ts';
import { makeProgram, type RunOptions } from '../support/program.ts';

const { run } = await makeProgram(t.teardown);

const preview = (args: readonly string[], options: RunOptions = {}) => run(['preview', ...args], options);

const HEAD = `apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster:
    name: my-cluster
    apiServerEndpoint: https://example.com
    certificateAuthority: ${exampleCluster().certificateAuthority}
    cidr: 10.100.0.0/16
`;
const PODS = `${HEAD}  kubelet:
    config:
      maxPods: 50
      evictionHard: {memory.available: 500Mi}
    flags:
      - --node-labels=team=a
      - --max-pods=20
`;
const mimeOf = (...parts: readonly (readonly [string, string])[]): string =>
  `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="//"\n\n${parts.map(([type, body]) => `--//\nContent-Type: ${type}\n\n${body}\n`).join('')}--//--\n`;
const base64 = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/.{76}/g, '$&\n');

const dir = t.testdir({ 'plain.yaml': HEAD, 'pods.yaml': PODS });
const written = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(dir, name), content);
  return join(dir, name);
};

t.test('any form of user data is the same node', async (t) => {
  const mime = mimeOf(['text/x-shellscript; charset="us-ascii"', '#!/bin/sh\necho hello'], ['application/node.eks.aws', HEAD]);
  const forms: Readonly<Record<string, string | Uint8Array>> = {
    'base64.txt': base64(HEAD),
    'gzip.bin': gzipSync(HEAD),
    'gzip-base64.txt': base64(gzipSync(HEAD)),
    'mime.txt': mime,
    'mime-gzip-base64.txt': base64(gzipSync(mime)),
    'windows.yaml': HEAD.replaceAll('\n', '\r\n'),
  };
  const plain = await preview(['--out', join(dir, 'out-plain'), join(dir, 'plain.yaml')]);
  t.equal(plain.code, 0, plain.stderr);
  t.match(plain.stdout, /^my-cluster on m5\.large in us-west-2 {2}kubelet 1\.34\.0, containerd 2\.\d\.\d+, amazon-linux-2023\n/);
  const nodeOf = async (args: readonly string[], input = ''): Promise<{ files: unknown; values: unknown; text: string }> => {
    const { code, stdout, stderr } = await preview(['--json', ...args], { input });
    t.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    const { files, decisions } = JSON.parse(stdout) as Record<'files' | 'decisions', Record<string, unknown>[]>;
    return {
      files: files.map(({ path, text }) => [path, text]),
      values: decisions.map(({ key, value }) => [key, value]),
      text: stdout,
    };
  };
  const wanted = await nodeOf([join(dir, 'plain.yaml')]);
  for (const [name, form] of Object.entries(forms)) {
    const { files, values } = await nodeOf([written(name, form)]);
    t.strictSame([files, values], [wanted.files, wanted.values], name);
  }
  for (const args of [['-'], ['init', '-'], ['nodeadm', 'init', '--config-source', '-']]) {
    const { files, values, text } = await nodeOf(args, base64(gzipSync(mime)));
    t.strictSame([files, values], [wanted.files, wanted.values], args.join(' '));
    t.match(text, /standard input part 2 \(application\/node\.eks\.aws\), line 5/);
  }
  t.match(JSON.parse(readFileSync(join(dir, 'out-plain/etc/kubernetes/kubelet/config.json'), 'utf8')), { maxPods: 29 });
});

t.test('a directory, and several sources: later over earlier', async (t) => {
  mkdirSync(join(dir, 'nodeadm.d'));
  written('nodeadm.d/10.yaml', HEAD);
  written('nodeadm.d/20.json', '{"apiVersion":"node.eks.aws/v1alpha1","kind":"NodeConfig","spec":{"kubelet":{"config":{"maxPods":11}}}}');
  written('nodeadm.d/README.md', 'not read');
  for (const source of [join(dir, 'nodeadm.d'), `file://${dir}/nodeadm.d/`, './nodeadm.d']) {
    const { code, stdout, stderr } = await preview(['--explain', 'maxPods', source], { cwd: dir });
    t.equal(code, 0, stderr);
    t.match(stdout, /maxPods = 11\n +From 40-nodeadm\.conf\s+\(\S*20\.json,\s+line\s+1,/, source);
  }
  const two = await preview(['--explain', 'maxPods', 'nodeadm.d/20.json', 'pods.yaml'], { cwd: dir });
  t.match(two.stdout, /maxPods = 20\n/, two.stderr);
});

t.test('the line of a unit, as it is', async (t) => {
  const line = [
    'nodeadm',
    'init',
    '--skip',
    'run',
    '--config-source',
    join(dir, 'plain.yaml'),
    '--config-cache',
    '/run/eks/nodeadm/config.json',
  ];
  const { code, stdout, stderr } = await preview(line);
  t.equal(code, 0, stderr);
  t.match(stdout, /--skip: is left aside: both halves of a boot are shown/);
  t.match(stdout, /^ {2}kubelet\.service/m);
});

t.test('facts of a node say which fields its kubelet has', async (t) => {
  const newer = written('newer.yaml', HEAD.replace('  cluster:', '  kubelet: {config: {tlsCurvePreferences: [23]}}\n  cluster:'));
  const facts = written(
    'facts.json',
    JSON.stringify({ schemaVersion: 1, now: '2026-01-01T00:00:00Z', instance: {}, host: { kubeletVersion: '1.30.0' } }),
  );
  const { code, stderr } = await preview(['--facts', facts, newer]);
  t.equal(code, 65, stderr);
  t.match(stderr, /tlsCurvePreferences: .*exists from kubelet 1\.36 on; this node has 1\.30/);
  t.equal((await preview([newer])).code, 0, 'of no certain kubelet');
});

t.test('nobody has asked for systemd-resolved', async (t) => {
  const { stdout } = await preview([join(dir, 'plain.yaml')]);
  t.match(stdout, /files, 2 units\.\n/);
  t.notMatch(stdout, /systemd-resolved/);
  const asked = await preview([written('dns.yaml', `${HEAD}  instance:\n    network: {nameservers: [10.0.0.2]}\n`)]);
  t.match(asked.stdout, /^ {2}systemd-resolved\.service/m);
});

t.test('--kubelet-config: who won each key, and whom it beat', async (t) => {
  const source = join(dir, 'pods.yaml');
  const { code, stdout, stderr } = await preview(['--kubelet-config', source], { env: { COLUMNS: '140' } });
  t.equal(code, 0, stderr);
  const text = stdout.replace(/\n {6}(?! )/g, ' ').replaceAll(`${dir}/`, '');
  t.match(
    text,
    /^ {2}maxPods = 20 +--max-pods \(pods\.yaml, line 15, column 9\); beats 50 of 40-nodeadm\.conf \(pods\.yaml, line 11, column 7\), 29 of config\.json$/m,
  );
  t.match(
    text,
    /^ {2}evictionHard\.memory\.available = 500Mi +40-nodeadm\.conf \(pods\.yaml, line 12, column 22\); beats 100Mi of config\.json$/m,
  );
  t.match(text, /^ {2}evictionHard\.nodefs\.available = 10% +config\.json$/m, 'objects merge');
  t.match(text, /^ {2}serializeImagePulls = false +config\.json$/m);
  t.match(stderr, /spec\.kubelet\.config\.maxPods: has no effect/);

  const json = JSON.parse((await preview(['--kubelet-config', '--json', source])).stdout);
  t.match(
    json.find(({ key }: { key: string }) => key === 'maxPods'),
    {
      value: 20,
      by: '--max-pods',
      beats: [
        { value: 50, by: /40-nodeadm\.conf$/, at: /line 11/ },
        { value: 29, by: /config\.json$/ },
      ],
    },
  );
  const whole = JSON.parse((await preview(['--json', source])).stdout);
  t.same(whole.kubeletConfig, json);
  const check = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(JSON.parse(readFileSync('docs/schema/plan.json', 'utf8')));
  t.equal(check(whole), true, JSON.stringify(check.errors));
});

t.test('--explain: why a key of the kubelet is what it is', async (t) => {
  const explain = async (key: string, ...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await preview(['--explain', key, ...args]);
    t.equal(code, 0, stderr);
    return stdout.replaceAll(`${dir}/`, '');
  };
  const pods = await explain('MAXPODS', join(dir, 'pods.yaml'));
  t.match(pods, /^ {2}maxPods = 20\n {4}From --max-pods/);
  t.match(pods, /to change it: without --max-pods it is 50, of 40-nodeadm\.conf/);
  t.match(pods, /3 ENIs × \(10 − 1\)/, 'and how config.json came to its own');
  t.match(await explain('max-pods', join(dir, 'pods.yaml')), /maxPods = 20/, 'by its flag');
  t.match(await explain('evictionHard', join(dir, 'pods.yaml')), /memory\.available=500Mi nodefs\.available=10%/);
  t.match(await explain('serializeImagePulls', join(dir, 'plain.yaml')), /serializeImagePulls = false\n {4}Every node has it so/);
  t.match(await explain('kubeReserved.memory', join(dir, 'plain.yaml')), /kubeReserved\.memory = 574Mi\n {4}memory for 29 pods/);
  t.match(await explain('maxPods', join(dir, 'plain.yaml')), /^ {2}maxPods = 29\n {4}3 ENIs/);
  t.match(await explain('node-labels', join(dir, 'pods.yaml')), /--node-labels = team=a/);
  t.match(await explain('maxPods', 'bootstrap', 'c', '--kubelet-extra-args', '--max-pods=7'), /maxPods = 7\n.*--max-pods.*\n? *beats 29/s);
  const unknown = await preview(['--explain', 'maxPod', join(dir, 'plain.yaml')]);
  t.equal(unknown.code, 64);
  t.match(unknown.stderr, /did you mean maxPods\?/i);
});

t.test('documents that beat each other are told, in the order there is', async (t) => {
  const config = (pods: number): string =>
    `apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  kubelet:\n    config: {maxPods: ${pods}}\n`;
  const type = 'application/node.eks.aws';
  const both = written('managed.txt', mimeOf([type, config(50)], [type, `${HEAD}  kubelet:\n    config: {maxPods: 17}\n`]));
  const { code, stdout, stderr } = await preview(['--explain', 'maxPods', both]);
  t.equal(code, 0, stderr);
  t.match(
    stdout.replace(/\s+/g, ' '),
    /maxPods = 17 From 40-nodeadm\.conf \(\S+ part 2 \S+ line 10, column 14\); beats 50 of 40-nodeadm\.conf \(\S+ part 1 \S+ line 5, column 14\), 29 of config\.json\./,
  );
  const json = JSON.parse((await preview(['--kubelet-config', '--json', both])).stdout);
  t.match(
    json.find(({ key }: { key: string }) => key === 'maxPods'),
    {
      value: 17,
      at: /part 2/,
      beats: [
        { value: 50, at: /part 1/ },
        { value: 29, by: /config\.json$/ },
      ],
    },
  );
});

t.test('taints of two documents: the kubelet takes the last flag alone', async (t) => {
  const flags = (taint: string): string => `  kubelet:\n    flags: ["--register-with-taints=${taint}"]\n`;
  const type = 'application/node.eks.aws';
  const head = 'apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n';
  const both = written('taints.txt', mimeOf([type, `${head}${flags('mine=a:NoSchedule')}`], [type, `${HEAD}${flags('eks=b:NoExecute')}`]));
  const { stdout } = await preview(['--explain', 'registerWithTaints', both]);
  t.match(
    stdout.replace(/\s+/g, ' '),
    /registerWithTaints = key=eks value=b effect=NoExecute From --register-with-taints .* beats key=mine/,
  );
  const dump = await run(['config', 'dump', '--explain', both]);
  t.match(dump.stdout, /of --register-with-taints the kubelet takes the last one alone\.\n/);
});

t.test('drop-ins that an image has besides count, in the order of their names', async (t) => {
  const conf = (fields: string): string => `{"kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1", ${fields}}`;
  const D = 'etc/kubernetes/kubelet/config.json.d';
  const image = makeImage(t, {
    'etc/os-release': 'ID="amzn"\nVERSION_ID="2023"\n',
    [`${D}/10-first.conf`]: conf('"maxPods": 1, "podsPerCore": 3'),
    [`${D}/50-team.conf`]: 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nmaxPods: 60\n',
    [`${D}/60-broken.conf`]: 'maxPods: [',
    [`${D}/70.yaml`]: conf('"maxPods": 2'),
  });
  const noFlag = written('no-flag.yaml', PODS.replace('      - --max-pods=20\n', ''));
  const { code, stdout, stderr } = await preview(['--against', image, '--explain', 'maxPods', noFlag]);
  t.equal(code, 0, stderr);
  t.match(
    stdout.replace(/\s+/g, ' '),
    /maxPods = 60 From 50-team\.conf; beats 50 of 40-nodeadm\.conf \(.*line 11, column 7\), 1 of 10-first\.conf, 29 of config\.json/,
  );
  t.match(stderr, /60-broken\.conf: it is no object .*: the kubelet does not start with it/);
  t.match(stderr, /70\.yaml: the kubelet does not read it: its name does not end in \.conf/);
  const page = await preview(['--against', image, '--kubelet-config', noFlag]);
  t.match(page.stdout, /^ {2}podsPerCore = 3 {2}10-first\.conf$/m);
  t.match(page.stdout, /^Warnings$/m);

  const none = await preview(['--against', image, '--explain', 'maxPods', join(dir, 'plain.yaml')]);
  t.match(none.stdout, /maxPods = 29/);
  t.match(none.stderr, /50-team\.conf: the kubelet does not read it: it is given no --config-dir/);
});

t.test('refused, all at once, with places', async (t) => {
  const refused = async (args: readonly string[], code: number, ...messages: readonly RegExp[]): Promise<void> => {
    const { stdout, stderr, ...ended } = await preview(args, { cwd: dir, input: '' });
    t.equal(ended.code, code, `${args.join(' ')}: ${stderr}`);
    t.equal(stdout, '');
    for (const message of messages) t.match(stderr, message);
    t.notMatch(stderr, /at .*\.cjs|undefined|INTERNAL/);
  };
  const bad = mimeOf(
    ['text/x-shellscript', '#!/bin/sh'],
    ['application/node.eks.aws', HEAD.replace('cidr: 10.100.0.0/16', 'cidr: banana').replace('cluster:', 'clustr: {}\n  cluster:')],
    ['application/node.eks.aws', 'apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec: {kubelet: {config: {maxPods: many}}}'],
  );
  written('bad.txt', bad);
  await refused(
    ['./bad.txt'],
    65,
    /bad\.txt part 2 \(application\/node\.eks\.aws\), line 4, column 3: spec\.clustr/,
    /line 9, column 5: spec\.cluster\.cidr: .*banana/,
    /bad\.txt part 3 \(application\/node\.eks\.aws\), line 3.*maxPods/,
  );
  await refused(['--kubernetes-version', '1.36', 'init', './pods.yaml', './missing.yaml'], 66, /missing\.yaml: there is no such file/);
  await refused(['-'], 65, /it is empty/);
  await refused(['--target', 'al2', './plain.yaml'], 64, /a NodeConfig is for Amazon Linux 2023/);
  await refused(['--target', 'al2024', './plain.yaml'], 65, /'al2024' is none of amazon-linux-2,/);
  await refused(['--kubelet-config', '--diff', './plain.yaml'], 64, /does not go together/);
  written('script.sh', '#!/bin/sh\n/etc/eks/bootstrap.sh c\n');
  await refused(['./script.sh'], 65, /there is no NodeConfig in it: it is a script/);
  written('bomb.gz', gzipSync(Buffer.alloc(64 * 1024 * 1024)));
  await refused(['./bomb.gz'], 65, /more than 1 MiB comes out of it/);
  written('cut.gz', gzipSync(HEAD).subarray(0, 40));
  await refused(['./cut.gz'], 65, /gzip that cannot be unpacked/);
  written('binary.dat', Buffer.from([0xff, 0xfe, 0, 1, 2, 3]));
  await refused(['./binary.dat'], 65, /not UTF-8/);
  written('loop.yaml', `${HEAD}  kubelet:\n    config: &a\n      b: *a\n`);
  await refused(['./loop.yaml'], 65, /loop\.yaml, line/);
});

t.test('what an environment holds is not shown, and is written', async (t) => {
  const environment = `  instance:
    environment:
      default: {HTTPS_PROXY: "http://user:hunter2@proxy:3128", LICENCE: abcsecretdef}
      kubelet: {LICENCE: abcsecretdef, PLAIN: secrettoo}
  bootwright:
    proxy: {http: "http://user:hunter2@proxy:3128"}
    hooks: {pre: [{command: [/bin/true, --token=hunter2]}]}
`;
  const source = written('environment.yaml', `${HEAD}${environment}`);
  const out = join(dir, 'out-environment');
  for (const args of [
    [],
    ['--json'],
    ['--diff'],
    ['--show', 'kubelet.service.d/environment.conf'],
    ['--kubelet-config'],
    ['--explain', 'hooks'],
  ]) {
    const { code, stdout, stderr } = await preview([...args, '--out', out, source]);
    t.equal(code, 0, stderr);
    t.notMatch(`${stdout}${stderr}`, /hunter2|secret(?:def|too)/, args.join(' '));
  }
  const shown = await preview(['--show', 'kubelet.service.d/environment.conf', source]);
  t.match(shown.stdout, /^Environment="LICENCE=\*\*\*"$/m);
  t.match(shown.stdout, /^Environment="NO_PROXY=localhost,/m, 'what is computed is shown');
  t.match(readFileSync(join(out, 'etc/systemd/system/kubelet.service.d/environment.conf'), 'utf8'), /PLAIN=secrettoo/);
  const changed = written('changed.yaml', `${HEAD}${environment.replace('secrettoo', 'secretnew')}`);
  const diff = await preview(['--against', out, '--target', 'al2023', changed]);
  t.match(diff.stdout, /^-Environment="PLAIN=\*\*\*"\n\+Environment="PLAIN=\*\*\*" \(changed\)$/m);
});

t.test('the page of a node with all there is', async (t) => {
  const source = written(
    'all.yaml',
    `${HEAD.replace('cidr: 10.100.0.0/16', 'cidr: fd00:10::/108').replace(/ {4}apiServerEndpoint.*\n.*\n/, '')}  featureGates: {FastImagePull: true}
  instance:
    localStorage: {strategy: RAID0, disabledMounts: [Containerd]}
    storage: {volumes: [{device: /dev/xvdb, mountTargets: [/var/lib/containerd]}]}
  bootwright:
    systemReserved: {preset: standard}
    hooks: {post: [{command: [/bin/sh, -c, echo done]}]}
`,
  );
  const { code, stdout, stderr } = await preview(['--instance-type', 'p5.48xlarge', '--kubernetes-version', '1.35', source]);
  t.equal(code, 0, stderr);
  t.notMatch(stdout, /but DescribeCluster says/, 'a made-up cluster does not contradict the document');
  t.match(stdout, /^ {2}clusterDNS +fd00:10::a/m);
  t.match(stdout, /^Units, running$/m, 'they are not enabled');
  t.match(stdout, /^ {2}kubelet\.service +The node agent\. At boot nodeadm-run\.service starts it\.$/m);
  t.match(stdout, /containerdRuntime = nvidia/, 'an image for GPUs');
  t.match(stdout, /^ {2}volumes +\S/m);
  t.match(stdout, /^ {2}hooks +pre=\(none\) post=\/bin\/sh -c echo done/m);
  t.match(stdout, /^ {2}gpuLabel +nvidia\.com\/gpu\.present=true/m);
  const formats = /format +(.*)/.exec(stdout)?.[1] ?? '';
  t.notMatch(formats, /\/dev\/nvme1n1/, 'disks of the array are not those of the volume');
  t.match(stdout, /host\.localDisks \/dev\/nvme1n1, \/dev\/nvme2n1 \(--disks\)/);

  const twice = await preview([written('twice.yaml', readFileSync(source, 'utf8').replace(', disabledMounts: [Containerd]', ''))]);
  t.equal(twice.code, 65);
  t.match(twice.stderr, /mountTargets\[0\]: \/var\/lib\/containerd goes onto the disks of the instance \(RAID0\), too\. Add Containerd to/);
});

t.test('a local cluster on an Outpost', async (t) => {
  const id = '11111111-2222-3333-4444-555555555555';
  const source = written('outpost.yaml', HEAD.replace('    cidr', `    enableOutpost: true\n    id: ${id}\n    cidr`));
  const { code, stdout, stderr } = await preview([source]);
  t.equal(code, 0, stderr);
  t.match(stdout, /^ {2}clusterId +11111111-/m);
  t.match(stdout, /^ {2}\+ \/var\/lib\/kubelet\/bootstrap-kubeconfig/m);
  t.match(stdout, /^ {2}\+ \/etc\/hosts/m);
});

import fc from 'fast-check';
import t from 'tap';
import {
  extraArgOf,
  extraArgsOf,
  extraMaxPodsOf,
  isKubeletFlag,
  kubeletArgsOf,
  usesReservedCgroups,
  wordsOf,
} from '../../../src/core/kubelet/extra-args.ts';
import { factsWith, linesOf, specWith } from '../support/plain.ts';

const extra = (text: string, ...more: readonly string[]) => specWith(['--kubelet-extra-args', text, ...more]);
const told = (text: string, version: string, ...more: readonly string[]): readonly string[] =>
  linesOf(extraArgsOf(extra(text, ...more), factsWith({ host: { kubeletVersion: version } })).diagnostics).map((line) =>
    line.replace('--kubelet-extra-args: ', ''),
  );

t.test('words, as systemd makes them', async (t) => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['  --a=b \t --c ', ['--a=b', '--c']],
    ['--a="b c" d', ['--a=b c', 'd']],
    [`--a='b "c"' ""`, ['--a=b "c"', '']],
    ['a\\ b c\\"d', ['a b', 'c"d']],
    ['"a', ['a']],
    ['a\\', ['a']],
  ];
  for (const [text, words] of cases) t.same(wordsOf(text).words, words, text);
  t.ok(wordsOf('--a="b').hasOpenQuote);
  t.notOk(wordsOf('--a="b"').hasOpenQuote);
});

t.test('flags, as the kubelet reads them', async (t) => {
  t.same(kubeletArgsOf('--max-pods 20 --v=4 -v 5 --register-node --node_labels=a=b,c= stray --fail-swap-on=false').flags, [
    { name: 'max-pods', value: '20' },
    { name: 'v', value: '4' },
    { name: 'v', value: '5' },
    { name: 'register-node', value: null },
    { name: 'node-labels', value: 'a=b,c=' },
    { name: 'fail-swap-on', value: 'false' },
  ]);
  t.same(kubeletArgsOf('--register-node false').strays, ['false'], 'a switch takes no next word');
  t.equal(extraMaxPodsOf(extra('--max-pods=10 --max-pods=20')), 20, 'the last one counts');
  t.equal(extraMaxPodsOf(extra('--max-pods=ten')), undefined);
  t.equal(extraArgOf(specWith(), 'max-pods'), undefined);
  t.ok(isKubeletFlag('--max-pods'));
  t.notOk(isKubeletFlag('--max-pod'));
});

t.test('any mention of --reserved-cpus takes the reserved cgroups away, as it always did', async (t) => {
  t.ok(usesReservedCgroups(specWith()));
  t.ok(usesReservedCgroups(extra('--v=2')));
  t.notOk(usesReservedCgroups(extra('--v=2 --reserved-cpus=0-1')));
  t.notOk(usesReservedCgroups(extra('--node-labels=x=--reserved-cpus')));
});

t.test('ordinary arguments are nobody’s business', async (t) => {
  const ordinary =
    "--node-labels=eks.amazonaws.com/nodegroup=a,node.kubernetes.io/role=b,topology.kubernetes.io/zone=c --register-with-taints=a=b:NoSchedule --v=4 --system-reserved 'cpu=100m'";
  for (const version of ['1.21.0', '1.24.0', '1.32.0', '1.36.0']) t.same(told(ordinary, version), [], version);
  t.same(extraArgsOf(specWith(), factsWith()).diagnostics, [], 'none');
});

t.test('what is surprising or cannot work', async (t) => {
  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    [
      '--max-pods=110',
      '1.32.0',
      ['warning doubled-max-pods --max-pods=110 is given here, and bootwright writes maxPods; the kubelet takes 110'],
    ],
    ['--max-pods=many', '1.32.0', ['warning invalid-max-pods --max-pods=many is no number; the kubelet will not start with it']],
    [
      '--node-ip=1.2.3.4',
      '1.32.0',
      ["warning doubled-kubelet-flag '--node-ip' is given here and by bootwright; the kubelet takes this one"],
    ],
    [
      '--cluster-dns=1.2.3.4',
      '1.32.0',
      ["warning doubled-kubelet-flag '--cluster-dns' beats what bootwright writes into kubelet-config.json"],
    ],
    [
      '--hostname-override=x',
      '1.32.0',
      ["warning doubled-kubelet-flag '--hostname-override' is given here and by bootwright; the kubelet takes this one"],
    ],
    ['--hostname-override=x', '1.25.0', []],
    ['--container-runtime=remote', '1.26.0', []],
    [
      '--container-runtime=docker',
      '1.26.0',
      ["warning doubled-kubelet-flag '--container-runtime' is given here and by bootwright; the kubelet takes this one"],
    ],
    ['--container-runtime=docker --network-plugin=cni --container-runtime-endpoint=unix:///x --cni-bin-dir=/x', '1.23.0', []],
    [
      '--network-plugin=kubenet --container-runtime=remote',
      '1.21.0',
      [
        "warning doubled-kubelet-flag '--network-plugin' is given here and by bootwright; the kubelet takes this one",
        "warning doubled-kubelet-flag '--container-runtime' is given here and by bootwright; the kubelet takes this one",
      ],
    ],
    [
      '--docker-endpoint=unix:///x',
      '1.24.0',
      ["warning kubelet-flag-removed '--docker-endpoint' exists up to kubelet 1.23; kubelet 1.24.0 will not start with it"],
    ],
    ['--bootstrap-kubeconfig=/x', '1.32.0', []],
    [
      '--container-runtime=remote',
      '1.27.0',
      ["warning kubelet-flag-removed '--container-runtime' exists up to kubelet 1.26; kubelet 1.27.0 will not start with it"],
    ],
    [
      '--pod-infra-container-image=x',
      '1.35.0',
      ["warning kubelet-flag-removed '--pod-infra-container-image' exists up to kubelet 1.34; kubelet 1.35.0 will not start with it"],
    ],
    [
      '--config-dir=/x',
      '1.27.0',
      ["warning kubelet-flag-too-new '--config-dir' exists from kubelet 1.28 on; kubelet 1.27.0 will not start with it"],
    ],
    [
      '--max-pdos=3',
      '1.32.0',
      ["warning unknown-kubelet-flag '--max-pdos' is no flag of any kubelet from 1.21 to 1.36; the kubelet will not start with it"],
    ],
    ['--v=2 words', '1.32.0', ["warning stray-kubelet-word 'words' belongs to no flag; the kubelet will not start with it"]],
    [
      '--image-token sekret88',
      '1.32.0',
      [
        "warning unknown-kubelet-flag '--image-token' is no flag of any kubelet from 1.21 to 1.36; the kubelet will not start with it",
        "warning stray-kubelet-word '***' belongs to no flag; the kubelet will not start with it",
      ],
    ],
    ['--node-labels="a=b', '1.32.0', ['warning open-quote a quote is opened and never closed']],
    [
      '--node-labels=node-role.kubernetes.io/worker=,a=b,k8s.io/x=y',
      '1.32.0',
      [
        'warning forbidden-node-label the label node-role.kubernetes.io/worker is not for kubelets to set; the kubelet will not start with it',
        'warning forbidden-node-label the label k8s.io/x is not for kubelets to set; the kubelet will not start with it',
      ],
    ],
  ];
  for (const [text, version, lines] of cases) t.same(told(text, version), lines, `${text} on ${version}`);
  t.same(told('--max-pods=110', '1.32.0', '--use-max-pods', 'false'), [], 'only one of them is written');
});

t.test('remedies', async (t) => {
  const remedy = (text: string): string | undefined => extraArgsOf(extra(text), factsWith()).diagnostics[0]?.remedy;
  t.equal(remedy('--max-pdos=3'), 'Did you mean --max-pods?');
  t.equal(remedy('--frobnicate'), 'Leave it out.');
  t.equal(remedy('--max-pods=9'), 'Add --use-max-pods false, so that only one of them is written.');
});

t.test('no text breaks it', async () => {
  const text = fc.string({ unit: fc.constantFrom(...'-="\' \\ \tabv,./:'), maxLength: 40 });
  fc.assert(fc.property(text, (given) => extraArgsOf(extra(`x${given}`), factsWith()).value !== undefined));
  const word = fc.string({ unit: fc.constantFrom(...'abc-=./"\' \\'), minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(fc.array(word), (words) => {
      const quoted = words.map((one) => `"${one.replace(/["\\]/g, '\\$&')}"`).join(' ');
      return JSON.stringify(wordsOf(quoted).words) === JSON.stringify(words);
    }),
  );
});

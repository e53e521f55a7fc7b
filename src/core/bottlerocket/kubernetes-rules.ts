/** Scalars below settings.kubernetes. Where the API takes what the kubelet then refuses, lint says that, too. */
import { shown } from '../config/bootstrap-flags-values.ts';
import { checkLabelKey, isQuantity } from '../config/node-config/values.ts';
import type { Tree } from '../formats/tree.ts';
import { compareMinors } from '../kubelet/versions.ts';
import { deadly, type Rule, refused } from './finding.ts';
import { both, form, test, textRule, whole, words, wrongType } from './rules.ts';

const NAME = '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?';
const LABEL_REMEDY = 'Use up to 63 letters, digits, - _ and ., a letter or digit first and last.';

const key = form(new RegExp(`^(?:[A-Za-z0-9.-]{1,253}/)?${NAME}$`), 'the key of a label', LABEL_REMEDY);
/** The API does not look at the prefix. */
export const taintKey = both(
  key,
  textRule((text) =>
    /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*\/)?[^/]+$/.test(text)
      ? undefined
      : deadly(
          'invalid-prefix',
          `the prefix of ${shown(text)} is no domain; the kubelet does not start with it`,
          'Write example.com/name.',
        ),
  ),
);
export const labelKey = both(
  taintKey,
  textRule((text) => {
    const wrong = checkLabelKey(text);
    return wrong === undefined ? undefined : deadly(wrong.code, wrong.message, wrong.remedy);
  }),
);
export const labelValue = form(new RegExp(`^(?:${NAME})?$`), 'the value of a label', LABEL_REMEDY);

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
export const taintValue = both(
  form(new RegExp(`^(?:${NAME})?:[A-Za-z0-9]{1,253}$`), 'a taint', 'Write "value:NoSchedule", or ":NoSchedule" where there is no value.'),
  textRule((text) =>
    EFFECTS.includes(text.slice(text.indexOf(':') + 1))
      ? undefined
      : deadly(
          'unknown-taint-effect',
          `${shown(text)} has an effect that the kubelet does not know; it does not start`,
          `Write one of ${EFFECTS.join(', ')}.`,
        ),
  ),
);

/** The rule of EKS; models before 0.7 had another one. */
export const clusterName = form(/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/, 'the name of a cluster', 'Use up to 100 letters, digits, - and _.');
/** Never shown. */
export const bootstrapToken = textRule((text) =>
  /^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(text)
    ? undefined
    : refused('invalid-value', 'this is not a bootstrap token', 'Write six letters or digits, a dot and sixteen.'),
);
export const providerWords = words(['aws', 'external', '', '""']);

const QUANTITY = /^[+-]?[0-9.]+(?:e?[0-9]*|[EPTGMK]i?|[numk])?$/;
const QUANTITY_REMEDY = 'Write a number, with a unit if need be: 100m, 512Mi, 1Gi.';
const isApiQuantity = (text: string): boolean => text.length <= 64 && QUANTITY.test(text);
const checkKubeletQuantity = textRule((text) =>
  isQuantity(text) && !text.startsWith('-') && !/^[^e]*K$/.test(text)
    ? undefined
    : deadly('invalid-quantity', `${shown(text)} is no quantity to Kubernetes; the kubelet does not start with it`, QUANTITY_REMEDY),
);
export const quantity = both(test(isApiQuantity, 'a quantity', QUANTITY_REMEDY), checkKubeletQuantity);

const isPercent = (text: string): boolean => {
  const number = /^[+-]?(?:\d{1,20}\.?\d{0,20}|\.\d{1,20})(?:[eE][+-]?\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  return number >= 0 && number < 100;
};
export const threshold = both(
  test(
    (text) => (text.endsWith('%') ? isPercent(text.slice(0, -1)) : isApiQuantity(text)),
    'a threshold',
    'Write a quantity like 100Mi, or less than 100%, as in "10%".',
  ),
  (tree, target) => (tree.kind === 'scalar' && String(tree.value).endsWith('%') ? undefined : checkKubeletQuantity(tree, target)),
);

const DURATION = /^(?:(?:\d+\.)?\d+h)?(?:(?:\d+\.)?\d+m)?(?:(?:\d+\.)?\d+s)?(?:(?:\d+\.)?\d+ms)?$/;
export const duration = test(
  (text) => text !== '' && text.length <= 64 && DURATION.test(text),
  'a duration',
  'Write numbers with the units h, m, s, ms, in this order: 30s, 1h30m.',
);

const POLICIES = ['none', 'static'];
/** Stored as it is written, and the kubelet wants small letters. */
export const cpuManagerPolicy = both(
  words([...POLICIES, 'None', 'Static']),
  textRule((text) =>
    POLICIES.includes(text)
      ? undefined
      : deadly('capital-policy', `the kubelet does not know ${shown(text)} and does not start`, `Write ${text.toLowerCase()}.`),
  ),
);
const UNCORE = 'prefer-align-cpus-by-uncorecache';
export const cpuPolicyOption = both(
  words(['full-pcpus-only', 'distribute-cpus-across-numa', UNCORE, 'strict-cpu-reservation'], {
    'distribute-cpus-across-numa': '1.51',
    [UNCORE]: '1.51',
    'strict-cpu-reservation': '1.51',
  }),
  (tree, { kubernetes }) =>
    kubernetes !== undefined && compareMinors(kubernetes, '1.33') === 0 && tree.kind === 'scalar' && tree.value === UNCORE
      ? {
          effect: 'ignored',
          code: 'ignored-by-kubernetes',
          message: `images of Kubernetes 1.33 do not pass ${UNCORE} on`,
          remedy: 'Use Kubernetes 1.34 or later, or remove it.',
        }
      : undefined,
);
export const authMode = words(['aws', 'tls']);
export const topologyScope = words(['container', 'pod']);
export const topologyPolicy = words(['none', 'restricted', 'best-effort', 'single-numa-node']);
export const memoryManagerPolicy = words(['None', 'Static', 'none', 'static']);
export const swapBehavior = words(['NoSwap', 'LimitedSwap', 'no-swap', 'limited-swap']);
export const hostnameSource = words(['private-dns-name', 'instance-id']);
export const reservationPolicy = words(['None', 'TieredReservation', 'none', 'tiered-reservation']);

const isInteger = (tree: Tree): boolean => tree.kind === 'scalar' && typeof tree.value === 'number';
/** A number since 1.14.0, a text with one before and since. */
export const integerPercent: Rule = (tree, target) => {
  if (isInteger(tree)) {
    if (target.os !== undefined && compareMinors(target.os, '1.14') < 0)
      return refused('not-in-version', 'numbers came with Bottlerocket 1.14.0', 'Put it in quotes.');
    return whole(0, 100)(tree, target);
  }
  return test(
    (text) => /^[+-]?\d{1,9}$/.test(text) && Number(text) >= 0 && Number(text) <= 100,
    'a whole number from 0 to 100',
    'Write one of those.',
  )(tree, target);
};

export const idsPerPod: Rule = (tree, target) => {
  const wrong = whole(Number.MIN_SAFE_INTEGER, 2 ** 32 - 1)(tree, target);
  const value = tree.kind === 'scalar' ? Number(tree.value) : 0;
  if (wrong !== undefined) return wrong;
  if (value % 65536 !== 0) return refused('invalid-value', `${value} is not a multiple of 65536`, 'Write 65536, or a multiple of it.');
  return value >= 65536 ? undefined : deadly('invalid-value', `${value} is too small; the kubelet wants at least 65536`, 'Write 65536.');
};
export const numaNodes = whole(8, 2 ** 32 - 1);
export const throttlingFactor: Rule = (tree) => {
  if (tree.kind !== 'scalar' || typeof tree.value !== 'number') return wrongType(tree, 'a number');
  return tree.value > 0 && tree.value <= 1
    ? undefined
    : refused('invalid-value', `${tree.value} is not more than 0 and at most 1`, 'Write a fraction like 0.9.');
};

const rangesOf = (text: string): readonly (readonly number[])[] => text.split(',').map((part) => part.split('-').map(Number));
export const cpuSet = test(
  (text) =>
    text.length <= 1024 && /^\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*$/.test(text) && rangesOf(text).every(([low = 0, high = low]) => low <= high),
  'a list of CPUs',
  'Write numbers and ranges: "0-3,6".',
);

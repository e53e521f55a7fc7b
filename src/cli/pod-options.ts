/** The options of max-pods-calculator.sh that say how pods get their addresses; `bootwright max-pods` has them too, by the same names. */
import { type CniVersion, cniVersionOf, PLAIN_WISH, type PodWish } from '../core/kubelet/max-pods.ts';
import { type Diagnostic, errorAt } from '../core/report.ts';
import type { Option } from './command.ts';
import type { Parsed } from './options.ts';
import { mistakesOf, type ValueRule } from './value-rules.ts';

export const POD_OPTIONS: readonly Option[] = [
  { name: 'cni-version', value: 'X.Y.Z', text: 'version of the VPC CNI: prefix delegation counts from 1.9 on, on bare metal from 1.11' },
  { name: 'cni-custom-networking-enabled', text: 'pods have subnets of their own, so the first ENI serves none' },
  { name: 'cni-prefix-delegation-enabled', text: 'each place of an ENI holds a prefix of 16 addresses; Nitro instances only' },
  { name: 'cni-max-eni', value: 'N', text: 'MAX_ENI of the CNI: no more ENIs than this serve pods' },
  { name: 'show-max-allowed', text: 'as many as addresses allow, without the bound of 110 (up to 30 vCPUs, and Windows) or 250' },
];

const MAX_ENI: ValueRule = { name: 'cni-max-eni', pattern: /^[1-9]\d{0,3}$/, wanted: 'a number of ENIs', like: '2' };

const versionMistakes = (version: string | undefined): readonly Diagnostic[] =>
  version === undefined || cniVersionOf(version) !== undefined
    ? []
    : [errorAt('invalid-cni-version', '--cni-version', `'${version}' is not a version of the CNI`, 'give it as in 1.18.1')];

/** What is wrong with the values alone. */
export const podMistakes = (words: Parsed): readonly Diagnostic[] => [
  ...versionMistakes(words.text('cni-version')),
  ...mistakesOf(words, [MAX_ENI]),
];

/** What the options say; their values must be without mistakes. */
export const podWishOf = (words: Parsed): PodWish => {
  const cniVersion: CniVersion | undefined = cniVersionOf(words.text('cni-version') ?? '');
  const maxEni = words.text('cni-max-eni');
  return {
    ...PLAIN_WISH,
    prefixDelegation: words.flag('cni-prefix-delegation-enabled'),
    customNetworking: words.flag('cni-custom-networking-enabled'),
    isCapped: !words.flag('show-max-allowed'),
    ...(maxEni === undefined ? {} : { maxEni: Number(maxEni) }),
    ...(cniVersion === undefined ? {} : { cniVersion }),
  };
};

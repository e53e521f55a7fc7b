/** `config dump --explain`: each value of a merged NodeConfig, who won, whom it beat. */
import type { Explained } from '../../core/config/node-config/dump.ts';
import { redactedJson } from '../../core/redact.ts';
import type { Json } from '../../core/report.ts';
import { jsonText } from './plan-json.ts';

const LONGEST = 100;

const shownOf = ({ isSecret }: Explained, value: Json): Json => (isSecret ? '***' : redactedJson(value));

const valueText = (one: Explained, value: Json): string => {
  const shown = shownOf(one, value);
  const text = typeof shown === 'string' && /^[\w./:@+-]+$/.test(shown) ? shown : JSON.stringify(shown);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${text.length} characters)` : text;
};

/** What the part that EKS writes says (amazon-eks-ami #1988, terraform-aws-eks #3410), beside flags. */
const SET_BY_EKS = /^spec\.(?:cluster\.(?:name|apiServerEndpoint|certificateAuthority|cidr)|kubelet\.config\.(?:maxPods|clusterDNS))$/;

const TAINTS = /^--register[-_]with[-_]taints\b/;

const eksNote = (values: readonly Explained[]): readonly string[] => {
  const own = values.filter(({ path }) => SET_BY_EKS.test(path)).map(({ path }) => path);
  if (own.length === 0) return [];
  return [
    '',
    'In a managed node group EKS adds a document of its own, before or behind yours: both have been seen.',
    `Before yours, the values above hold. Behind yours, its own may beat ${own.join(', ')}.`,
    ...(values.some(({ value }) => typeof value === 'string' && TAINTS.test(value))
      ? ['Flags of both count, but of --register-with-taints the kubelet takes the last one alone.']
      : []),
    'On a node, `bootwright config dump --explain` shows the order there is.',
  ];
};

/** `isOnNode`: all documents are there, that of EKS too. */
export const explainedText = (values: readonly Explained[], isOnNode: boolean): string => {
  const lines = values.flatMap((one) => [
    `${one.path} = ${valueText(one, one.value)}`,
    `    ${one.at}`,
    ...one.beats.map((beaten) => `    beats ${valueText(one, beaten.value)} (${beaten.at})`),
    ...(one.otherOrder === undefined ? [] : [`    in the opposite order of documents: ${valueText(one, one.otherOrder)}`]),
  ]);
  return `${[...lines, ...(isOnNode ? [] : eksNote(values))].join('\n')}\n`;
};

export const explainedJson = (values: readonly Explained[]): string =>
  jsonText({
    schemaVersion: 1,
    kind: 'config-explain',
    values: values.map((one) => ({
      path: one.path,
      value: shownOf(one, one.value),
      at: one.at,
      beats: one.beats.map(({ value, at }) => ({ value: shownOf(one, value), at })),
      ...(one.otherOrder === undefined ? {} : { otherOrder: shownOf(one, one.otherOrder) }),
    })),
  });

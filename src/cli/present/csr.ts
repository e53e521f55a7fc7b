/** The story of a node's serving certificate as text and as JSON. */
import { rotationOf, usedShareOf } from '../../core/csr/certificate-rules.ts';
import { type CsrCheck, checksOf } from '../../core/csr/checks.ts';
import type { Certificate, Csr, Observation } from '../../core/csr/observation.ts';
import { statusOf } from '../../core/csr/request-rules.ts';
import { situationOf } from '../../core/csr/situation.ts';
import type { CsrSeverity } from '../../core/csr/states.ts';
import { secondsBetween, spanText } from '../../core/csr/time.ts';
import type { Verdict } from '../../core/csr/verdict.ts';
import { redacted, redactedJson } from '../../core/redact.ts';
import { timestampOf } from '../../core/timestamp.ts';
import { columns, indented, wrapped } from './lines.ts';
import type { Paint } from './paint.ts';

const severityPaint = (paint: Paint, severity: CsrSeverity): ((text: string) => string) =>
  ({ ok: paint.green, waiting: paint.yellow, error: paint.red, unknown: paint.yellow })[severity];

const MARKS: { readonly [result in CsrCheck['result']]: string } = { pass: 'ok', warn: 'note', fail: 'bad', skip: '-' };

const markPaint = (paint: Paint) => (mark: string) =>
  mark === 'bad' ? paint.red(mark) : mark === 'note' ? paint.yellow(mark) : mark === 'ok' ? paint.green(mark) : mark;

const MOST_SHOWN = 6;

const csrCells = (csr: Csr, now: string): readonly string[] => [
  csr.name,
  `${spanText(secondsBetween(csr.createdAt, now))} old`,
  statusOf(csr),
  [
    `by ${csr.username || 'nobody'}`,
    `for ${csr.cn || '?'}`,
    [...csr.dns, ...csr.ips, ...csr.others].join(', '),
    ...csr.conditions.map(({ reason, message }) => [reason, message].filter(Boolean).join(': ')),
  ]
    .filter((part) => part !== '')
    .join('; '),
];

/** The verdict, why, and what to do. */
export const csrText = (seen: Observation, verdict: Verdict, paint: Paint, width: number): string => {
  const { own, foreign, serverNow } = situationOf(seen);
  const all = [...own, ...foreign];
  const colour = severityPaint(paint, verdict.severity);
  const rows = checksOf(seen).filter(({ id, result }) => result !== 'skip' && !(id === 'journal' && result === 'pass'));
  const styles = [markPaint(paint), paint.bold];
  return `${[
    `${colour(verdict.state)}  ${paint.dim(seen.nodeName)}`,
    ...indented([verdict.message], 2, width, (text) => text),
    '',
    ...columns(
      rows.map(({ id, result, text }) => [MARKS[result], id, redacted(text)]),
      { width, styles },
    ),
    ...(all.length === 0 ? [] : ['', paint.bold('Requests')]),
    ...columns(
      all.slice(0, MOST_SHOWN).map((csr) => csrCells(csr, serverNow)),
      { width },
    ),
    ...(all.length > MOST_SHOWN ? [`  and ${all.length - MOST_SHOWN} older`] : []),
    ...(verdict.remediation.length === 0 ? [] : ['', paint.bold('What to do')]),
    ...verdict.remediation.flatMap(({ text, doc }) => [
      ...wrapped(text, width - 4).map((line, i) => `${i === 0 ? '  - ' : '    '}${line}`),
      ...(doc === undefined ? [] : [`    ${paint.dim(doc)}`]),
    ]),
  ].join('\n')}\n`;
};

/** One line: for a watch, and for a log. */
export const csrLine = (verdict: Verdict, paint: Paint): string =>
  `${severityPaint(paint, verdict.severity)(verdict.state)}: ${verdict.message}`;

const after = (iso: string, seconds: number): string => `${timestampOf(new Date(Date.parse(iso) + seconds * 1000)).slice(0, 19)}Z`;

const certificateFields = (found: Certificate, seen: Observation): object => {
  const [from, until] = rotationOf(found);
  const place = seen.stored?.kind === 'certificate' ? { path: seen.stored.path, target: seen.stored.target } : {};
  return {
    ...place,
    ...found,
    lifetimeSeconds: secondsBetween(found.notBefore, found.notAfter),
    percentUsed: Math.round(1000 * usedShareOf(found, seen.now)) / 10,
    rotationWindow: { from: after(found.notBefore, from), to: after(found.notBefore, until) },
  };
};

const servingFields = ({ serving, stored }: Observation): object | null => {
  if (serving === undefined) return null;
  const presented = serving.kind === 'certificate' ? serving.certificate.fingerprint256 : null;
  return {
    kind: serving.kind,
    text: serving.kind === 'certificate' ? null : serving.text,
    fingerprint256: presented,
    matchesFile: presented !== null && stored?.kind === 'certificate' ? stored.certificate.fingerprint256 === presented : null,
  };
};

const nodeFields = ({ node }: Observation): object => {
  const found = node?.ok ? node.value : null;
  if (found === null) return { registered: node?.ok ? false : null };
  const { addresses, taints, providerId, ready } = found;
  const instanceId = /\/(i-[0-9a-f]{8,17})$/.exec(providerId ?? '')?.[1] ?? null;
  return { registered: true, ready: ready === 'True', addresses, taints, providerID: providerId ?? null, instanceId };
};

/** docs/schema/csr.json. No request, key or token is in it. */
export const csrDocument = (seen: Observation, verdict: Verdict): object => {
  const { own, foreign, attempts, certificate, serverNow, expectedUsername } = situationOf(seen);
  return redactedJson({
    schemaVersion: 1,
    kind: 'csr',
    generatedAt: seen.now,
    node: { name: seen.nodeName, expectedUsername, ...nodeFields(seen) },
    ...verdict,
    since: verdict.since ?? null,
    identity: seen.identity?.ok ? seen.identity.value : null,
    certificate: certificate === undefined ? null : certificateFields(certificate, seen),
    serving: servingFields(seen),
    csrs: [...own, ...foreign].map((csr) => ({
      ...csr,
      ageSeconds: Math.round(secondsBetween(csr.createdAt, serverNow)),
      status: statusOf(csr),
    })),
    csrAttemptsLastHour: attempts,
    clockSkewSeconds: seen.clockSkewSeconds ?? null,
    checks: checksOf(seen),
  });
};

/** One node of a cluster. */
export interface NodeRow {
  readonly seen: Observation;
  readonly verdict: Verdict;
}

const ORDER: readonly CsrSeverity[] = ['error', 'unknown', 'waiting', 'ok'];

/** The worst first; of equals by name. */
export const sortedRows = (rows: readonly NodeRow[]): readonly NodeRow[] =>
  rows.toSorted(
    (a, b) =>
      ORDER.indexOf(a.verdict.severity) - ORDER.indexOf(b.verdict.severity) ||
      a.verdict.state.localeCompare(b.verdict.state, 'en') ||
      (a.seen.nodeName < b.seen.nodeName ? -1 : 1),
  );

export const tableText = (rows: readonly NodeRow[], paint: Paint, width: number): string => {
  const counts = Map.groupBy(rows, ({ verdict }) => verdict.state);
  const states = new Map(rows.map(({ verdict }) => [verdict.state, severityPaint(paint, verdict.severity)]));
  const state = (cell: string): string => (states.get(cell as Verdict['state']) ?? paint.bold)(cell);
  return `${[
    ...columns(
      [
        ['STATE', 'NODE', 'SINCE', 'ATTEMPTS', 'WHY'],
        ...rows.map(({ seen, verdict }) => [
          verdict.state,
          seen.nodeName,
          verdict.since === undefined ? '-' : spanText(secondsBetween(verdict.since, seen.now)),
          String(situationOf(seen).attempts),
          verdict.message,
        ]),
      ],
      { indent: 0, width, styles: [state] },
    ),
    '',
    `${rows.length} nodes: ${[...counts].map(([name, some]) => `${some.length} ${name}`).join(', ')}`,
  ].join('\n')}\n`;
};

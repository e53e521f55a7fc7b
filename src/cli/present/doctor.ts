/** What the doctor found, as text, JSON and JUnit, and the list of its checks. */
import { type Check, type CheckResult, rootCauseOf } from '../../checks/check.ts';
import { columns, counted, indented, wrapped } from './lines.ts';
import type { Paint } from './paint.ts';

const MARKS: { readonly [result in CheckResult['result']]: string } = { pass: 'ok', warn: 'note', fail: 'bad', skip: '-' };

const markPaint = (paint: Paint) => (mark: string) =>
  mark === 'bad' ? paint.red(mark) : mark === 'note' ? paint.yellow(mark) : mark === 'ok' ? paint.green(mark) : paint.dim(mark);

const count = (results: readonly CheckResult[], result: CheckResult['result']): number =>
  results.filter((one) => one.result === result).length;

/** `12 passed, 1 failed, 4 not looked at`. */
const countsText = (results: readonly CheckResult[]): string =>
  (
    [
      ['fail', 'failed'],
      ['warn', 'with a note'],
      ['pass', 'passed'],
      ['skip', 'not looked at'],
    ] as const
  )
    .map(([result, word]) => [count(results, result), word] as const)
    .filter(([number]) => number > 0)
    .map(([number, word]) => `${number} ${word}`)
    .join(', ');

/** What to do, for what failed and then for what was noted. */
const advice = (results: readonly CheckResult[], paint: Paint, width: number): readonly string[] =>
  results.flatMap(({ check, remedy, lines = [] }) => [
    ...wrapped(`${check.id}: ${remedy}`, width - 4).map((line, i) => `${i === 0 ? '  - ' : '    '}${line}`),
    ...(check.link === undefined ? [] : [`    ${paint.dim(check.link)}`]),
    ...lines.map((line) => `      ${paint.dim(line)}`),
  ]);

const headline = (results: readonly CheckResult[], paint: Paint, width: number): readonly string[] => {
  const cause = rootCauseOf(results);
  if (cause === undefined)
    return [paint.green(count(results, 'pass') === 0 ? 'Nothing could be looked at.' : 'Nothing is wrong with what was looked at.')];
  const more = count(results, 'fail') - 1;
  return [
    `${paint.red('Mend this first:')} ${paint.bold(cause.check.id)}`,
    ...indented([cause.evidence], 2, width, (line) => line),
    ...(more > 0 ? indented([`${counted(more, 'other check')} failed, too.`], 2, width, paint.dim) : []),
  ];
};

export const doctorText = (results: readonly CheckResult[], paint: Paint, width: number): string => {
  const toDo = [...results.filter(({ result }) => result === 'fail'), ...results.filter(({ result }) => result === 'warn')];
  return `${[
    ...headline(results, paint, width),
    ...(toDo.length === 0 ? [] : ['', paint.bold('What to do'), ...advice(toDo, paint, width)]),
    '',
    ...columns(
      results.map(({ check, result, evidence }) => [MARKS[result], check.id, evidence]),
      { width, styles: [markPaint(paint), paint.bold] },
    ),
    '',
    `${counted(results.length, 'check')}: ${countsText(results)}`,
  ].join('\n')}\n`;
};

/** docs/schema/doctor.json. */
export const doctorDocument = (results: readonly CheckResult[], generatedAt: string): object => ({
  schemaVersion: 1,
  kind: 'doctor',
  generatedAt,
  rootCause: rootCauseOf(results)?.check.id ?? null,
  checks: results.map(({ check, result, evidence, remedy, lines, blockedBy, ms }) => ({
    id: check.id,
    title: check.title,
    after: check.after,
    result,
    evidence,
    remedy: remedy ?? null,
    lines: lines ?? [],
    blockedBy: blockedBy ?? null,
    link: check.link ?? null,
    ms,
  })),
});

/** XML 1.0 takes no other control characters than these, in no form. */
const xmlOf = (text: string): string =>
  text
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

const junitCase = ({ check, result, evidence, remedy = '', lines = [], ms }: CheckResult): string => {
  const open = `  <testcase classname="bootwright.doctor" name="${xmlOf(check.id)}" time="${ms / 1000}"`;
  if (result === 'skip') return `${open}><skipped message="${xmlOf(evidence)}"/></testcase>`;
  if (result === 'fail')
    return `${open}><failure message="${xmlOf(evidence)}">${xmlOf([remedy, ...lines].join('\n'))}</failure></testcase>`;
  return `${open}><system-out>${xmlOf([evidence, remedy].filter((part) => part !== '').join('\n'))}</system-out></testcase>`;
};

/** As CI systems read it; a note is a success there. */
export const doctorJunit = (results: readonly CheckResult[]): string => {
  const totals = `tests="${results.length}" failures="${count(results, 'fail')}" skipped="${count(results, 'skip')}"`;
  return `${['<?xml version="1.0" encoding="UTF-8"?>', `<testsuite name="bootwright doctor" ${totals}>`, ...results.map(junitCase), '</testsuite>'].join('\n')}\n`;
};

/** Id, what is true when it passes, after which checks; for --list and the README. */
const checkRows = (checks: readonly Check[]): (readonly [string, string, string])[] =>
  checks.map(({ id, title, after }) => [id, after.join(', '), title] as const);

export const checkListText = (checks: readonly Check[], width: number): string =>
  `${columns([['CHECK', 'AFTER', 'PASSES WHEN'], ...checkRows(checks)], { indent: 0, width }).join('\n')}\n`;

/**
 * npm run bench:scale: thousands of nodes that boot at once, against APIs that throttle. The nodes run the program's own code for
 * DescribeCluster and DescribeInstances with its own retries; time is virtual and chance is seeded, so every run gives the same
 * figures, on any machine, after some minutes. Prints Markdown; `--write` puts it into README.md and the plot into docs/scale.svg.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { tableOf, writeBlock } from './markdown.ts';
import { bootstrapScript } from './scale/bootstrap-script.ts';
import { type Burst, bootwright, ideal, type Outcome, simulate } from './scale/crowd.ts';
import { plotOf } from './scale/plot.ts';

const PLOT = 'docs/scale.svg';

/** What EC2 publishes for calls that only read (EC2 user guide, "Request throttling"): 100 at once, then 20 a second. */
const READS = { capacity: 100, perSecond: 20 };
/** And for those among them that are asked without a filter or pages. */
const UNFILTERED = { capacity: 50, perSecond: 10 };

const BURST: Burst = { nodes: 10_000, withinMs: 5_000, limit: READS, seed: 1 };

/** The first one is plotted. */
const BURSTS: readonly Burst[] = [
  BURST,
  { ...BURST, faults: 0.02 },
  { ...BURST, limit: UNFILTERED },
  { ...BURST, limit: { capacity: 500, perSecond: 100 } },
  { ...BURST, limit: { capacity: 20, perSecond: 5 } },
  { ...BURST, nodes: 1_000 },
  { ...BURST, nodes: 400, limit: UNFILTERED },
];

const count = (n: number): string => n.toLocaleString('en-US');

const nameOf = ({ nodes, limit, faults = 0 }: Burst): string =>
  `${count(nodes)} nodes; ${limit.capacity} calls, then ${limit.perSecond}/s${faults === 0 ? '' : `; ${faults * 100} % of calls fail`}`;

const seconds = (ms: number | undefined): string => (ms === undefined ? 'never' : `${Math.round(ms / 1000)} s`);

const rowOf = (name: string, who: string, { nodes }: Burst, { servedMs, gaveUp, calls }: Outcome, idealMs: number): readonly string[] => {
  const last = servedMs.at(-1);
  const after = (share: number): string => seconds(servedMs[Math.ceil(nodes * share) - 1]);
  return [
    name,
    who,
    ...[0.5, 0.9, 0.99, 1].map(after),
    gaveUp > 0 || last === undefined ? '' : `${(last / idealMs).toFixed(2)} ×`,
    count(gaveUp),
    (calls / nodes).toFixed(1),
    count(calls),
  ];
};

interface Result {
  readonly burst: Burst;
  readonly ideal: Outcome;
  readonly ours: Outcome;
  readonly script: Outcome;
}

const rowsOf = ({ burst, ...outcomes }: Result): readonly (readonly string[])[] => {
  const idealMs = outcomes.ideal.servedMs.at(-1) ?? Number.NaN;
  return [
    rowOf(`**${nameOf(burst)}**`, 'the limit itself', burst, outcomes.ideal, idealMs),
    rowOf('', 'bootwright', burst, outcomes.ours, idealMs),
    rowOf('', 'bootstrap.sh', burst, outcomes.script, idealMs),
  ];
};

const HEAD = ['', '', 'half served after', '90 %', '99 %', 'all', 'to the limit', 'gave up', 'calls a node', 'calls'];

const svgOf = ({ burst, ...outcomes }: Result): string =>
  plotOf(`Nodes served over time: ${nameOf(burst)}`, burst.nodes, [
    { name: 'what the limit allows', colour: '#777', dashed: true, servedMs: outcomes.ideal.servedMs, label: { at: 0.62, side: -1 } },
    { name: 'bootwright', colour: '#0a7', servedMs: outcomes.ours.servedMs, label: { at: 0.7, side: 1 } },
    {
      name: `bootstrap.sh: ${count(outcomes.script.gaveUp)} nodes have given up`,
      colour: '#c33',
      servedMs: outcomes.script.servedMs,
      label: { at: 0.45, side: 1 },
    },
  ]);

const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } });
const results: Result[] = [];
for (const burst of BURSTS) {
  const result = { burst, ideal: ideal(burst), ours: await simulate(burst, bootwright), script: await simulate(burst, bootstrapScript) };
  for (const row of rowsOf(result)) process.stderr.write(`${row.join('  ')}\n`);
  results.push(result);
}
const [first] = results;
if (first === undefined) throw new Error('there is nothing to simulate');
const text = `![Nodes served over time](${PLOT})\n\n${tableOf(HEAD, results.flatMap(rowsOf))}`;
process.stdout.write(`${text}\n`);
if (values.write) {
  writeBlock('scale', text);
  writeFileSync(PLOT, svgOf(first));
}

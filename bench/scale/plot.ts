/** Nodes served over time as an SVG of a few kilobytes; the same figures give the same bytes. */

export interface Curve {
  readonly name: string;
  readonly colour: string;
  readonly dashed?: boolean;
  /** When each node was served, in order. */
  readonly servedMs: readonly number[];
  /** Where its name stands: a share of the width, and above (-1) or below (1) the curve. */
  readonly label: { readonly at: number; readonly side: -1 | 1 };
}

const WIDTH = 720;
const HEIGHT = 320;
const LEFT = 62;
const RIGHT = 20;
const TOP = 16;
const BOTTOM = 40;
const POINTS = 80;
const MINUTE = 60_000;

const rounded = (value: number): string => String(Math.round(value * 10) / 10);
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

interface Scales {
  readonly x: (ms: number) => string;
  readonly y: (nodes: number) => string;
  readonly endMs: number;
}

const pathOf = ({ servedMs }: Curve, { x, y, endMs }: Scales): string => {
  const points = [`M${x(0)},${y(0)}`];
  for (let i = 0; i <= POINTS; i++) {
    const index = Math.round((i / POINTS) * (servedMs.length - 1));
    const ms = servedMs[index];
    if (ms !== undefined) points.push(`L${x(ms)},${y(index + 1)}`);
  }
  return [...points, `L${x(endMs)},${y(servedMs.length)}`].join('');
};

const curveOf = (curve: Curve, scales: Scales): string => {
  const atMs = curve.label.at * scales.endMs;
  const served = curve.servedMs.findLastIndex((ms) => ms <= atMs) + 1;
  const y = Number(scales.y(served)) + (curve.label.side === 1 ? 18 : -8);
  const anchor = curve.label.side === 1 ? 'start' : 'end';
  return [
    `<path d="${pathOf(curve, scales)}" fill="none" stroke="${curve.colour}" stroke-width="2"${curve.dashed ? ' stroke-dasharray="5 4"' : ''}/>`,
    `<text x="${scales.x(atMs)}" y="${rounded(y)}" text-anchor="${anchor}" fill="${curve.colour}">${escaped(curve.name)}</text>`,
  ].join('\n');
};

const gridOf = (nodes: number, { x, y, endMs }: Scales): string => {
  const lines: string[] = [];
  for (let i = 0; i <= 4; i++) {
    const at = y((nodes * i) / 4);
    lines.push(
      `<path d="M${x(0)},${at}H${x(endMs)}" stroke="#ddd"/><text x="${LEFT - 8}" y="${Number(at) + 4}" text-anchor="end">${((nodes * i) / 4).toLocaleString('en-US')}</text>`,
    );
  }
  for (let minute = 0; minute * MINUTE <= endMs; minute++)
    lines.push(`<text x="${x(minute * MINUTE)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${minute}</text>`);
  lines.push(`<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 6}" text-anchor="middle">minutes since the first node started</text>`);
  return lines.join('\n');
};

/** `nodes`: all there are, the top of the plot. */
export const plotOf = (title: string, nodes: number, curves: readonly Curve[]): string => {
  const endMs = Math.ceil(Math.max(...curves.map(({ servedMs }) => servedMs.at(-1) ?? 0)) / MINUTE) * MINUTE;
  const scales: Scales = {
    endMs,
    x: (ms) => rounded(LEFT + (ms / endMs) * (WIDTH - LEFT - RIGHT)),
    y: (served) => rounded(HEIGHT - BOTTOM - (served / nodes) * (HEIGHT - TOP - BOTTOM)),
  };
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" font-family="sans-serif" font-size="12" fill="#555">
<title>${escaped(title)}</title>
<rect width="${WIDTH}" height="${HEIGHT}" rx="6" fill="#fff"/>
${gridOf(nodes, scales)}
${curves.map((curve) => curveOf(curve, scales)).join('\n')}
</svg>
`;
};

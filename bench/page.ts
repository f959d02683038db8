/** A benchmark as one HTML file: a bar for each ratio, the times, and haio's steps of each model. */
import type { RunProfile } from '../lib/index.js';
import { stepTable } from '../lib/report/html.js';
import { cell, head, page, section } from '../lib/report/page.js';
import { colours, escape, tag, ticks } from '../lib/report/svg.js';
import { type Row, geomean } from './rows.js';

const [LEFT, WIDTH, BAR, GAP] = [170, 1000, 13, 5];

/** Bars of how many times faster haio is, from 0; the line is onnxruntime-node. */
function bars(rows: readonly Row[]): string {
  const paint = colours(rows.map((r) => `${r.threads}`));
  const most = Math.max(1, ...rows.map((r) => r.high));
  const x = (ratio: number): number => LEFT + ((WIDTH - LEFT - 60) * ratio) / most;
  const height = rows.length * (BAR + GAP) + 24;
  const line = (ratio: number, kind: string): string =>
    tag('line', { class: kind, x1: x(ratio), x2: x(ratio), y1: 0, y2: height - 20 });
  const marks = rows.flatMap((r, i) => {
    const y = i * (BAR + GAP);
    const middle = y + BAR / 2;
    return [
      tag('text', { x: LEFT - 6, y: y + BAR - 2, 'text-anchor': 'end' }, escape(nameOf(r))),
      tag('rect', {
        x: LEFT,
        y,
        width: x(r.ratio) - LEFT,
        height: BAR,
        fill: paint(`${r.threads}`),
      }),
      tag('line', { class: 'spread', x1: x(r.low), x2: x(r.high), y1: middle, y2: middle }),
      tag('text', { x: x(r.high) + 5, y: y + BAR - 2 }, `${r.ratio.toFixed(2)}×`),
    ];
  });
  const axis = ticks(most).flatMap((t) => [
    line(t, 'grid'),
    tag('text', { x: x(t), y: height - 5, 'text-anchor': 'middle' }, `${t}×`),
  ]);
  const label = 'how many times faster than onnxruntime-node';
  return tag(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', 'aria-label': label },
    ...axis,
    ...marks,
    line(1, 'roof'),
  );
}

const nameOf = (r: Row): string => `${r.model}, ${r.threads} thr`;

function table(rows: readonly Row[]): string {
  const earlier = rows.some((r) => r.baseline !== undefined);
  const names = ['model', 'threads', 'haio ms', 'onnxruntime ms', 'ratio', 'lowest', 'highest'];
  const all = [
    ...names,
    'first run ms',
    'its first run ms',
    ...(earlier ? ['earlier ms', 'gain'] : []),
  ];
  return tag(
    'table',
    {},
    head(all, new Set(all.map((_, i) => i).slice(1))),
    ...rows.map((r) => {
      const numbers = [
        r.haio,
        r.onnxruntime,
        r.ratio,
        r.low,
        r.high,
        r.firstHaio,
        r.firstOnnxruntime,
      ];
      const before = r.baseline === undefined ? ['', ''] : [r.baseline.toFixed(3), gainOf(r)];
      return tag(
        'tr',
        {},
        cell(r.model),
        cell(`${r.threads}`, true),
        ...numbers.map((n) => cell(n.toFixed(n < 1 ? 3 : 2), true)),
        ...(earlier ? before : []).map((text) => cell(text, true)),
      );
    }),
  );
}

/** How many times faster than in the earlier run. */
export const gainOf = (r: Row): string =>
  r.baseline === undefined ? '' : `${(r.baseline / r.haio).toFixed(2)}×`;

export function benchPage(
  title: string,
  facts: readonly (readonly [string, string])[],
  rows: readonly Row[],
  profiles: readonly { readonly name: string; readonly profile: RunProfile }[],
): string {
  const sums = geomean(rows).map(({ threads, mean, low, count }): readonly [string, string] => [
    `${threads} thread${threads === 1 ? '' : 's'}, ${count} models`,
    `geometric mean ${mean.toFixed(3)}×, lowest ${low.toFixed(2)}×`,
  ]);
  return page(
    title,
    [...facts, ...sums],
    [
      section(
        'Ratios',
        'Time of onnxruntime-node over time of haio, medians of interleaved turns; thin lines reach from the lowest to the highest pair.',
        bars(rows),
      ),
      section(
        'Times',
        'Medians of warm runs; the first run counts from before the load.',
        table(rows),
      ),
      section(
        'Steps',
        'Where haio spends the time of each model.',
        ...profiles.map(({ name, profile }) =>
          tag(
            'details',
            {},
            tag('summary', {}, escape(`${name}: ${(profile.micros / 1000).toFixed(2)} ms`)),
            stepTable(profile.steps, colours(profile.steps.map((s) => s.kernel))),
          ),
        ),
      ),
    ],
  );
}

/** The pictures of a report: roofline, timeline, memory map. */
import type { RunProfile, StepProfile } from '../index.js';
import { formatBytes } from '../plan/explain.js';
import { type Box, colour, decades, escape, picture, tag, ticks } from './svg.js';

/** the colour of a kernel */
export type Paint = (kernel: string) => string;

const BOX: Box = { width: 960, height: 420, left: 70, bottom: 40 };
const title = (s: string): string => `<title>${escape(s)}</title>`;
const micros = (x: number): string => `${x.toFixed(x < 10 ? 2 : 1)} µs`;
const rate = (x: number): string => x.toPrecision(3);

const label = (x: number, y: number, s: string, anchor = 'middle'): string =>
  tag('text', { x, y, 'text-anchor': anchor }, escape(s));
const rule = (x1: number, y1: number, x2: number, y2: number, kind = 'grid'): string =>
  tag('line', { x1, y1, x2, y2, class: kind });

/** Steps as points: operations per byte against GFLOP/s, under the roofs of each place of data. */
export function roofline({ steps, ceilings }: RunProfile, paint: Paint): string {
  const points = steps.filter((s) => s.flops > 0 && s.bytes > 0 && s.gflops > 0);
  if (points.length === 0) return '';
  const { gflops, bandwidth } = ceilings;
  const intensity = (s: StepProfile): number => s.flops / s.bytes;
  const xs = decades(
    Math.min(...points.map(intensity)),
    Math.max(...points.map(intensity), (2 * gflops) / bandwidth.at(-1)!.one),
  );
  const ys = decades(
    Math.min(...points.map((s) => s.gflops)),
    Math.max(gflops, ...points.map((s) => s.gflops)),
  );
  const { width, height, left, bottom } = BOX;
  const [x0, x1] = [xs[0]!, xs.at(-1)!].map(Math.log10) as [number, number];
  const [y0, y1] = [ys[0]!, ys.at(-1)!].map(Math.log10) as [number, number];
  const x = (v: number): number => left + ((Math.log10(v) - x0) / (x1 - x0)) * (width - left - 20);
  const y = (v: number): number =>
    height - bottom - ((Math.log10(v) - y0) / (y1 - y0)) * (height - bottom - 20);
  const grid = [
    ...xs.map((v) => rule(x(v), 20, x(v), height - bottom) + label(x(v), height - 20, rate(v))),
    ...ys.map(
      (v) => rule(left, y(v), width - 20, y(v)) + label(left - 8, y(v) + 4, rate(v), 'end'),
    ),
  ];
  const roofs = bandwidth.map(({ bytes, one }) => {
    const corner = Math.min(gflops / one, xs.at(-1)!);
    const from = Math.max(xs[0]!, ys[0]! / one);
    return (
      rule(x(from), y(from * one), x(corner), y(corner * one), 'roof') +
      label(
        x(from) + 4,
        y(from * one) - 6,
        `${formatBytes(bytes)}: ${one.toFixed(0)} GB/s`,
        'start',
      )
    );
  });
  const flat = rule(x(gflops / bandwidth[0]!.one), y(gflops), width - 20, y(gflops), 'roof');
  const dots = points.map((s) =>
    tag(
      'circle',
      {
        cx: x(intensity(s)),
        cy: y(s.gflops),
        r: 3 + 9 * Math.sqrt(s.share),
        fill: paint(s.kernel),
        'fill-opacity': 0.75,
      },
      title(
        `${s.kernel} ${s.node}\n${micros(s.micros)}, ${rate(s.gflops)} GFLOP/s, ${rate(intensity(s))} per byte`,
      ),
    ),
  );
  return picture(
    BOX,
    'roofline',
    ...grid,
    ...roofs,
    flat,
    label(width - 24, y(gflops) - 6, `${gflops.toFixed(0)} GFLOP/s`, 'end'),
    ...dots,
    label(width / 2, height - 4, 'floating-point operations per byte'),
  );
}

/** Chunks of work of the last run, a row for each thread. */
export function timeline({ timeline: entries }: RunProfile, paint: Paint): string {
  const threads = [...new Set(entries.map((e) => e.thread))].sort((a, b) => a - b);
  if (threads.length === 0) return '';
  const row = 34;
  const box = { ...BOX, height: threads.length * row + BOX.bottom + 10 };
  const start = Math.min(...entries.map((e) => e.start));
  const end = Math.max(...entries.map((e) => e.start + e.micros));
  const x = (t: number): number =>
    box.left + ((t - start) / (end - start)) * (box.width - box.left - 20);
  const bottom = box.height - box.bottom;
  return picture(
    box,
    'timeline',
    ...ticks(end - start).map(
      (t) =>
        rule(x(start + t), 5, x(start + t), bottom) + label(x(start + t), bottom + 18, micros(t)),
    ),
    ...threads.map((t, i) =>
      label(box.left - 8, 10 + i * row + row / 2, t === 0 ? 'driver' : `worker ${t}`, 'end'),
    ),
    ...entries.map(({ name, node, thread, start: from, micros: time }) =>
      tag(
        'rect',
        {
          x: x(from),
          y: 8 + threads.indexOf(thread) * row,
          width: Math.max(0.4, x(from + time) - x(from)),
          height: row - 8,
          fill: paint(name),
        },
        title(`${name} ${node}\n${micros(time)} from ${micros(from - start)}`),
      ),
    ),
  );
}

/** Buffers of an arena: steps to the right, offsets upwards; the line is the least any arena needs. */
export function memoryMap({ arena, lowerBound, buffers }: RunProfile['memory'][number]): string {
  const most = Math.max(arena, 1);
  const steps = Math.max(1, ...buffers.map((b) => b.last + 1));
  const { width, height, left, bottom } = BOX;
  const x = (step: number): number => left + (step / steps) * (width - left - 20);
  const y = (bytes: number): number => height - bottom - (bytes / most) * (height - bottom - 20);
  return picture(
    BOX,
    'memory map',
    ...ticks(most, 5).map(
      (v) => rule(left, y(v), width - 20, y(v)) + label(left - 8, y(v) + 4, formatBytes(v), 'end'),
    ),
    ...buffers
      .filter((b) => b.bytes > 0)
      .map(({ offset, bytes, first, last }, i) =>
        tag(
          'rect',
          {
            x: x(first),
            y: y(offset + bytes),
            width: x(last + 1) - x(first),
            height: y(offset) - y(offset + bytes),
            fill: colour(i),
            class: 'buffer',
          },
          title(`buffer ${i}: ${formatBytes(bytes)} at ${offset}, steps ${first} to ${last}`),
        ),
      ),
    rule(left, y(lowerBound), width - 20, y(lowerBound), 'roof'),
    label(width - 24, y(lowerBound) - 5, `alive at once: ${formatBytes(lowerBound)}`, 'end'),
    label(width / 2, height - 8, 'step'),
  );
}

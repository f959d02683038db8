/** The report of one model's run. */
import type { RunProfile, StepProfile } from '../index.js';
import { formatBytes } from '../plan/explain.js';
import { type Paint, memoryMap, roofline, timeline } from './pictures.js';
import { cell, head, page, section } from './page.js';
import { colours, escape, tag } from './svg.js';

export interface ReportSource {
  readonly title: string;
  /** rows of what and how much */
  readonly facts: readonly (readonly [string, string])[];
  readonly profile: RunProfile;
  /** operators and how many of them, before and after the passes; null where only a plan is known */
  readonly graph: {
    readonly before: readonly (readonly [string, number])[];
    readonly after: readonly (readonly [string, number])[];
    /** passes that changed something: name, nodes before and after, rules that fired */
    readonly passes: readonly {
      readonly pass: string;
      readonly before: number;
      readonly after: number;
      readonly fired: Readonly<Record<string, number>>;
    }[];
  } | null;
}

/** A row for each step, with a bar for its share. */
export function stepTable(steps: readonly StepProfile[], paint: Paint): string {
  const names = [
    'step',
    'kernel',
    'output',
    'µs',
    'share',
    'GFLOP/s',
    'GB/s',
    'of roof',
    'threads',
    'node',
  ];
  const numeric = new Set([0, 3, 5, 6, 7, 8]);
  const most = Math.max(...steps.map((s) => s.share), 1e-9);
  const rows = steps.map((s, i) => {
    const width = `${((100 * s.share) / most).toFixed(1)}px`;
    const bar = tag('span', {
      class: 'bar',
      style: `width:${width};background:${paint(s.kernel)}`,
    });
    return tag(
      'tr',
      {},
      cell(`${i}`, true),
      cell(s.kernel),
      cell(s.outputs.join(' ')),
      cell(s.micros.toFixed(1), true),
      tag('td', {}, bar, ` ${(100 * s.share).toFixed(1)} %`),
      cell(s.gflops > 0 ? s.gflops.toFixed(1) : '', true),
      cell(s.gbps > 0 ? s.gbps.toFixed(1) : '', true),
      cell(s.roofline === null ? '' : `${(100 * s.roofline).toFixed(0)} %`, true),
      cell(s.threads.toFixed(1), true),
      cell(s.node),
    );
  });
  return tag('table', {}, head(names, numeric), ...rows);
}

const histogram = (title: string, list: readonly (readonly [string, number])[]): string =>
  tag(
    'div',
    {},
    tag('h3', {}, escape(title)),
    tag(
      'table',
      {},
      head(['operator', 'nodes'], new Set([1])),
      ...list.map(([op, n]) => tag('tr', {}, cell(op), cell(`${n}`, true))),
    ),
  );

function graphSection({ before, after, passes }: NonNullable<ReportSource['graph']>): string {
  const rows = passes
    .filter((p) => p.before !== p.after || Object.keys(p.fired).length > 0)
    .map((p) => {
      const fired = Object.entries(p.fired).map(([rule, n]) => `${rule} ×${n}`);
      return tag(
        'tr',
        {},
        cell(p.pass),
        cell(`${p.before}`, true),
        cell(`${p.after}`, true),
        cell(fired.join(', ')),
      );
    });
  return section(
    'Graph before and after rewriting',
    'Operators as imported and after all passes, and what each pass did.',
    tag('div', { class: 'columns' }, histogram('before', before), histogram('after', after)),
    tag('table', {}, head(['pass', 'nodes before', 'after', 'rules'], new Set([1, 2])), ...rows),
  );
}

/** The report as the text of an HTML file. */
export function htmlReport({ title, facts, profile, graph }: ReportSource): string {
  const paint = colours(profile.steps.map((s) => s.kernel));
  const largest = profile.memory.reduce<RunProfile['memory'][number] | null>(
    (best, m) => (best && best.arena >= m.arena ? best : m),
    null,
  );
  const body = [
    section(
      'Roofline',
      'Each step is a point, its area its share of the time; the lines are what this machine was measured to do.',
      roofline(profile, paint),
    ),
    section(
      'Timeline',
      'The last run: a bar for each chunk of work on each thread.',
      timeline(profile, paint),
    ),
    ...(largest && largest.buffers.length > 0
      ? [
          section(
            'Memory',
            `The arena of a run, ${formatBytes(largest.arena)}: which bytes hold which buffer from its first to its last step.`,
            memoryMap(largest),
          ),
        ]
      : []),
    section('Steps', 'In the order of the plan.', stepTable(profile.steps, paint)),
    ...(graph ? [graphSection(graph)] : []),
  ];
  return page(title, facts, body);
}

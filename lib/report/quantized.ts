/** What quantizing did to a model, layer by layer, as a page. */
import type { LayerReport, RunProfile } from '../index.js';
import { cell, head, page, section } from './page.js';
import { tag } from './svg.js';

/** A layer with the microseconds that its steps take in the float and in the quantized model. */
export interface TimedLayer extends LayerReport {
  readonly before: number;
  readonly after: number;
}

/**
 * Microseconds of each layer in the profiled run: of the steps that compute its node, alone or with others,
 * or one of the nodes that quantizing put in its place, whose names start with that of its output.
 */
function microsOf({ steps }: RunProfile, layers: readonly LayerReport[]): number[] {
  const byNode = new Map(layers.map((l, i) => [l.node, i]));
  const byOutput = layers
    .map(({ output }, i) => ({ output, i }))
    .sort((a, b) => b.output.length - a.output.length);
  const micros = layers.map(() => 0);
  for (const step of steps) {
    const found = step.node
      .split(' + ')
      .map((n) => byNode.get(n) ?? byOutput.find((o) => n.startsWith(`${o.output}_`))?.i);
    for (const i of new Set(found)) if (i !== undefined) micros[i]! += step.micros;
  }
  return micros;
}

export function timedLayers(
  layers: readonly LayerReport[],
  before: RunProfile,
  after: RunProfile,
): TimedLayer[] {
  const [was, is] = [microsOf(before, layers), microsOf(after, layers)];
  return layers.map((l, i) => ({ ...l, before: was[i]!, after: is[i]! }));
}

/** 'exact' where nothing is lost; '' where it is not known. */
export const decibels = (x: number | null): string =>
  x === null ? '' : x === Infinity ? 'exact' : x.toFixed(1);

function layerTable(layers: readonly TimedLayer[], integers: string): string {
  const names = [
    'node',
    'op',
    'precision',
    'µs before',
    'µs after',
    '',
    'weight dB',
    'input dB',
    'why',
  ];
  const most = Math.max(1e-9, ...layers.map((l) => Math.max(l.before, l.after)));
  const bar = (micros: number, colour: string): string =>
    tag('span', {
      class: 'bar',
      style: `display:block;width:${((120 * micros) / most).toFixed(1)}px;background:${colour}`,
    });
  const rows = layers.map((l) =>
    tag(
      'tr',
      {},
      cell(l.node),
      cell(l.op),
      cell(l.quantized ? integers : 'float32'),
      cell(l.before.toFixed(1), true),
      cell(l.after.toFixed(1), true),
      tag('td', {}, bar(l.before, '#999'), bar(l.after, l.quantized ? '#2a7' : '#999')),
      cell(decibels(l.weightSqnr), true),
      cell(decibels(l.inputSqnr), true),
      cell(l.why),
    ),
  );
  return tag('table', {}, head(names, new Set([3, 4, 6, 7])), ...rows);
}

/** The page; `integers` names the type of quantized weights. */
export function quantizePage(
  title: string,
  facts: readonly (readonly [string, string])[],
  layers: readonly TimedLayer[],
  integers: string,
): string {
  return page(title, facts, [
    section(
      'Layers',
      'Time of each layer (with what is fused to it) before and after on this machine; signal to error of its product ' +
        'with quantized weights and of its quantized input, and why it is as it is.',
      layerTable(layers, integers),
    ),
  ]);
}

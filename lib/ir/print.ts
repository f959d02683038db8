/**
 * Text form of a graph: the format of all snapshots and of `haio inspect`. One line a node, values
 * numbered in order, inputs by name, constants by type (small ones with their elements).
 */
import { isSym, format } from '../tensor/dim.js';
import { sizeOf, toNumbers } from '../tensor/tensor.js';
import { type Weight, tensorOf } from '../tensor/weight.js';
import { type Graph, type Node, type Value, topological } from './graph.js';
import { formatFact, formatValue } from './verify.js';

export interface PrintOptions {
  /** appends the names of the ONNX nodes that each node stands for */
  readonly origins?: boolean;
}

/** Constants of at most so many elements are shown with them. */
const SMALL = 8;

const formatNumber = (x: number): string =>
  `${Math.fround(x) === x ? Number(x.toPrecision(7)) : x}`;

function formatWeight(w: Weight): string {
  const type = `${w.dtype}[${w.shape.join(',')}]`;
  if (sizeOf(w.shape) > SMALL) return type;
  const elements = w.strings ?? [...toNumbers(tensorOf(w))].map(formatNumber);
  return `${type}{${elements.join(',')}}`;
}

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> =>
  typeof x === 'object' && x !== null;

/** Attributes: numbers, text, sizes, lists, records, ops by name, bodies indented. */
function formatAttr(x: unknown, indent: string): string {
  if (typeof x === 'number') return formatNumber(x);
  if (Array.isArray(x)) return `[${x.map((e: unknown) => formatAttr(e, indent)).join(',')}]`;
  if (!isRecord(x)) return String(x);
  if ('terms' in x && 'constant' in x) return format(x as unknown as Parameters<typeof format>[0]);
  if ('outputNames' in x) return `{\n${print(x as unknown as Graph, {}, `${indent}  `)}${indent}}`;
  if ('bytes' in x && 'dtype' in x) return formatWeight(x as unknown as Weight);
  if ('data' in x && 'dtype' in x) return `${String(x['dtype'])}[${String(x['shape'])}]`;
  if ('infer' in x) return String(x['name']);
  if ('op' in x && 'args' in x) {
    const attrs = formatAttrs(x['attrs'], indent);
    return `${formatAttr(x['op'], indent)}(${String(x['args'])})${attrs}`;
  }
  return formatAttrs(x, indent).trim() || '{}';
}

/** ' {axis: 1}', or nothing where there are none; undefined ones are left out. */
function formatAttrs(attrs: unknown, indent: string): string {
  if (!isRecord(attrs)) return '';
  const parts = Object.entries(attrs)
    .filter(([, x]) => x !== undefined && !(Array.isArray(x) && x.length === 0))
    .map(([name, x]) => `${name}: ${formatAttr(x, indent)}`);
  return parts.length === 0 ? '' : ` {${parts.join(', ')}}`;
}

const formatType = (v: Value): string =>
  `${formatFact(v.fact)}${v.fact.value?.some(isSym) && v.fact.value.length <= SMALL ? formatValue(v.fact.value) : ''}`;

export const printGraph = (graph: Graph, options: PrintOptions = {}): string =>
  print(graph, options, '');

function print(graph: Graph, options: PrintOptions, indent: string): string {
  const names = new Map<Value, string>(graph.inputs.map((v, i) => [v, v.name || `in${i}`]));
  const lines = graph.inputs.map((v) => `input ${names.get(v)!}: ${formatType(v)}`);
  let count = 0;
  const ref = (v: Value | null): string =>
    !v ? '_' : v.weight ? formatWeight(v.weight) : (names.get(v) ?? '?');
  const line = (node: Node): string => {
    for (const o of node.outputs) names.set(o, `%${++count}`);
    const left = node.outputs.map(ref).join(', ');
    const types = node.outputs.map(formatType).join(', ');
    const origin = options.origins && node.origin.length > 0 ? ` # ${node.origin.join(' ')}` : '';
    const call = `${node.op.name}(${node.inputs.map(ref).join(', ')})`;
    return `${left} = ${call}${formatAttrs(node.attrs, indent)}: ${types}${origin}`;
  };
  for (const node of topological(graph.outputs)) lines.push(line(node));
  graph.outputs.forEach((v, i) => lines.push(`output ${graph.outputNames[i]!} = ${ref(v)}`));
  return lines.map((l) => `${indent}${l}\n`).join('');
}

/** Number of nodes of each op, most frequent first: `Conv 53, Add 16`. */
export const histogram = (graph: Graph): string =>
  histogramOf(graph)
    .map(([name, n]) => `${name} ${n}`)
    .join(', ');

/** Operators and how many nodes have them, the most frequent first. */
export function histogramOf(graph: Graph): [string, number][] {
  const counts = new Map<string, number>();
  for (const n of topological(graph.outputs))
    counts.set(n.op.name, (counts.get(n.op.name) ?? 0) + 1);
  return [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
}

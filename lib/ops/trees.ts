/**
 * Trees: what the leaves say that a row reaches, joined over chunks of the trees. Inputs: x [N, F],
 * then the tables of forest.ts; output: [chunks, N, targets]. Where no leaf says anything: 0 for sums,
 * ∞ for minima, −∞ for maxima.
 */
import { isTensorType, shapeOf } from '../ir/graph.js';
import { defineOp, shapeError, typeError } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { bytesOf, shortOf } from '../tensor/dtype.js';
import { type Tensor, bytesOfTensor, fromNumbers, toNumbers } from '../tensor/tensor.js';
import { tensorAt } from './facts.js';

/** 'reached': 1 where some leaf says something. */
export const JOINS = ['sum', 'min', 'max', 'reached'] as const;

export interface TreesAttrs {
  readonly join: (typeof JOINS)[number];
  readonly targets: number;
  /** trees joined into one element; the last chunk may have less */
  readonly chunk: number;
  /** places that a child can be at, a power of two */
  readonly window: number;
}

/** Rows of an item; with many slots fewer, so that their values stay near. */
const ROWS = 64;
const BYTES = 32768;
const LANES = 8;

const rowsFor = (slots: number, size: number): number =>
  Math.max(LANES, Math.min(ROWS, Math.floor(BYTES / size / slots / LANES) * LANES));

/** A node of the table as [threshold, slot, child]. */
function nodesOf(t: Tensor): (i: number) => readonly [number, number, number] {
  const bytes = bytesOfTensor(t);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return t.shape[1] === 1
    ? (i) => [
        view.getFloat32(i * 8, true),
        view.getUint16(i * 8 + 4, true),
        view.getUint16(i * 8 + 6, true),
      ]
    : (i) => [
        view.getFloat64(i * 16, true),
        view.getUint32(i * 16 + 8, true),
        view.getUint32(i * 16 + 12, true),
      ];
}

const START = { sum: 0, min: Infinity, max: -Infinity, reached: 0 } as const;
const STEP: Record<TreesAttrs['join'], (a: number, w: number) => number> = {
  sum: (a, w) => a + w,
  min: Math.min,
  max: Math.max,
  reached: () => 1,
};

export const Trees = defineOp<TreesAttrs>({
  name: 'Trees',
  infer(inputs, { targets, chunk }) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (dtype !== 'float32' && dtype !== 'float64') typeError(`rows of ${dtype}`);
    if (shape.length !== 2) shapeError(`rows of rank ${shape.length}`);
    const trees = tensorAt(inputs, 2).shape[0]!;
    return [{ type: { dtype, shape: [D.ceilDiv(trees, chunk), shape[0]!, targets] } }];
  },
  eval([x, nodes, roots, slots, entries, codes, weights], { join, targets, chunk }) {
    const [rows, features] = x!.shape as [number, number];
    const [values, slot] = [toNumbers(x!), toNumbers(slots!)];
    const [entry, code, weight] = [toNumbers(entries!), toNumbers(codes!), toNumbers(weights!)];
    const root = toNumbers(roots!);
    const node = nodesOf(nodes!);
    const trees = roots!.shape[0]!;
    const out = new Float64Array(Math.ceil(trees / chunk) * rows * targets).fill(START[join]);
    const valueOf = (s: number, r: number): number => {
      const feature = slot[s]! >> 1;
      if (feature < 0 || feature >= features) return 0;
      const v = values[r * features + feature]!;
      return slot[s]! & 1 ? -v : v;
    };
    for (let tree = 0; tree < trees; tree++)
      for (let r = 0; r < rows; r++) {
        const base = root[2 * tree]!;
        let at = base;
        for (let level = 0; level < root[2 * tree + 1]!; level++) {
          const [threshold, s, child] = node(at);
          at = base + child + (valueOf(s, r) <= threshold ? 0 : 1);
        }
        const to = (Math.floor(tree / chunk) * rows + r) * targets;
        let e = entry[at]!;
        while (e >= 0) {
          const last = code[e]! < 0;
          const target = last ? ~code[e]! : code[e]!;
          out[to + target] = STEP[join](out[to + target]!, weight[e]!);
          e = last ? -1 : e + 1;
        }
      }
    return [fromNumbers(x!.dtype, [Math.ceil(trees / chunk), rows, targets], out)];
  },
  cost({ inputs, attrs }) {
    const [x, , roots] = inputs;
    const trees = roots && isTensorType(roots.fact.type) ? shapeOf(roots)[0]! : 1;
    // a walk costs as much as some hundred operations of a product
    const rows = shapeOf(x!)[0]!;
    return { flops: D.mul(D.mul(trees, rows), 300), bytes: D.mul(rows, 4 * attrs.targets) };
  },
  lower({ attrs: { join, chunk, window } }, l) {
    const [x, out] = [l.in(0), l.out()];
    const tables = [1, 2, 3, 4, 5, 6].map((i) => l.dense(l.in(i)));
    const slots = tables[2]!.shape[0] as number;
    const rows = rowsFor(slots, bytesOf(x.dtype));
    l.emit({
      kernel: `trees.${shortOf(x.dtype)}`,
      params: { join: JOINS.indexOf(join), chunk, rows, window },
      inputs: [x, ...tables],
      outputs: [out],
      scratch: rows * slots * bytesOf(x.dtype),
      items: D.mul(out.shape[0]!, D.ceilDiv(x.shape[0]!, rows)),
    });
  },
  lowers: ({ inputs }) => inputs.slice(1).every((v) => v?.weight !== undefined),
});

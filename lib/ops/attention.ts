/**
 * Scaled dot-product attention: y[b, h, i] = Σ_j softmax_j(scale · q[b, h, i]·k[b, h′, j] +
 * mask[b, h, i, j]) · v[b, h′, j]. Inputs q [B, H, Lq, D], k [B, K, Lk, D], v [B, K, Lk, E] with H a
 * multiple of K (h′ = ⌊h·K/H⌋: grouped queries), and a mask that broadcasts to [B, H, Lq, Lk], or none; all of
 * one float type. `causal`: row i sees keys j ≤ i + Lk − Lq only. Output [B, H, Lq, E]. A row that
 * sees no key is NaN.
 */
import { type Node, shapeOf } from '../ir/graph.js';
import { type OpDef, defineOp, shapeError, typeError } from '../ir/op.js';
import type { Lowering } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { broadcastStrides, denseStrides, formatShape, product } from '../tensor/shape.js';
import { type Tensor, fromNumbers, toNumbers } from '../tensor/tensor.js';
import { broadcastOperand } from './chain-step.js';
import { elementCost, nativeAs } from './effort.js';
import { floatAt, optionalAt } from './facts.js';

export interface AttentionAttrs {
  readonly scale: number;
  readonly causal: boolean;
}

/** Rows of an item and keys of a block at most; rows of a tile of scores (native/ops/attention.cpp). */
const ROWS = 256;
const KEYS = 512;
const TILE_ROWS = 14;
const PANEL = 16;

const unequal = (a: Dim | undefined, b: Dim): boolean =>
  typeof a === 'number' && typeof b === 'number' && a !== b;

function checkShapes(q: readonly Dim[], k: readonly Dim[], v: readonly Dim[]): void {
  const fits =
    [q, k, v].every((s) => s.length === 4) &&
    !unequal(q[0], k[0]!) &&
    !unequal(q[3], k[3]!) &&
    ![0, 1, 2].some((i) => unequal(k[i], v[i]!)) &&
    !(typeof q[1] === 'number' && typeof k[1] === 'number' && q[1] % k[1] !== 0);
  if (!fits) shapeError(`q ${formatShape(q)}, k ${formatShape(k)} and v ${formatShape(v)}`);
}

function evalAttention(
  [q, k, v]: readonly [Tensor, Tensor, Tensor],
  mask: Tensor | null,
  { scale, causal }: AttentionAttrs,
): Tensor {
  const [b, h, lq, d] = q.shape as [number, number, number, number];
  const [, heads, lk, e] = v.shape as [number, number, number, number];
  const [x, y, z] = [toNumbers(q), toNumbers(k), toNumbers(v)];
  const bias = mask && toNumbers(mask);
  const steps = mask
    ? (broadcastStrides(mask.shape, denseStrides(mask.shape), [b, h, lq, lk]) as number[])
    : [0, 0, 0, 0];
  const out = new Float64Array(b * h * lq * e);
  for (let row = 0; row < b * h * lq; row++) {
    const [i, head, batch] = [row % lq, Math.floor(row / lq) % h, Math.floor(row / lq / h)];
    const shared = batch * heads + Math.floor((head * heads) / h);
    const scores = Float64Array.from({ length: lk }, (_, j) => {
      if (causal && j > i + lk - lq) return -Infinity;
      let sum = 0;
      for (let c = 0; c < d; c++) sum += x[row * d + c]! * y[(shared * lk + j) * d + c]!;
      const at = batch * steps[0]! + head * steps[1]! + i * steps[2]! + j * steps[3]!;
      return sum * scale + (bias ? bias[at]! : 0);
    });
    const most = scores.reduce((a, s) => Math.max(a, s), -Infinity);
    const weights = scores.map((s) => Math.exp(s - most));
    const total = weights.reduce((a, w) => a + w, 0);
    for (let j = 0; j < lk; j++)
      for (let c = 0; c < e; c++)
        out[row * e + c]! += (weights[j]! / total) * z[(shared * lk + j) * e + c]!;
  }
  return fromNumbers(q.dtype, [b, h, lq, e], out);
}

const roundUp = (d: Dim): Dim => D.mul(D.ceilDiv(d, PANEL), PANEL);

function lower({ attrs: { scale, causal } }: Node<AttentionAttrs>, l: Lowering): void {
  const [q, k, v] = [l.rows(l.in(0)), l.rows(l.in(1)), l.rows(l.in(2))];
  const [b, h, lq, d] = q.shape as [Dim, Dim, Dim, Dim];
  const [, , lk, e] = v.shape as [Dim, Dim, Dim, Dim];
  const mask = l.optional(3);
  const rowBlock = D.max(1, D.min(lq, ROWS));
  const keyBlock = D.max(1, D.min(lk, KEYS));
  const [keys, rows, columns] = [roundUp(keyBlock), roundUp(rowBlock), roundUp(e)];
  l.emit({
    kernel: 'attention.f32',
    params: { scale, causal: causal ? 1 : 0, rowBlock, keyBlock },
    inputs: [q, k, v, mask && broadcastOperand(mask, [b, h, lq, lk])],
    outputs: [l.out()],
    scratch: [
      D.mul(keys, d),
      D.mul(keys, columns),
      D.mul(TILE_ROWS, D.add(keys, PANEL)),
      keys,
      D.mul(rows, columns),
      D.mul(2, rows),
    ]
      .map((floats) => D.mul(4, floats))
      .reduce(D.add),
    items: D.mul(D.mul(b, h), D.ceilDiv(lq, rowBlock)),
  });
}

export const Attention: OpDef<AttentionAttrs> = defineOp<AttentionAttrs>({
  name: 'Attention',
  infer(inputs) {
    const [q, k, v] = [floatAt(inputs, 0), floatAt(inputs, 1), floatAt(inputs, 2)];
    const mask = optionalAt(inputs, 3);
    if ([k, v, mask ?? q].some((t) => t.dtype !== q.dtype)) typeError('types differ');
    checkShapes(q.shape, k.shape, v.shape);
    if (mask && mask.shape.length > 4) shapeError(`mask ${formatShape(mask.shape)}`);
    return [{ type: { dtype: q.dtype, shape: [...q.shape.slice(0, 3), v.shape[3]!] } }];
  },
  eval([q, k, v, mask], attrs) {
    return [evalAttention([q!, k!, v!], mask ?? null, attrs)];
  },
  cost(node) {
    const [q, v] = [shapeOf(node.inputs[0]!), shapeOf(node.inputs[2]!)];
    const { bytes } = elementCost(node, 0);
    const each = D.mul(2, D.mul(v[2]!, D.add(q[3]!, v[3]!)));
    return { flops: D.mul(each, product(q.slice(0, 3))), bytes };
  },
  lowers: (node) => nativeAs(node, 'float32'),
  lower,
});

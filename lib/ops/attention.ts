/**
 * Scaled dot-product attention: y[b, h, i] = Σ_j softmax_j(scale · q[b, h, i]·k[b, h′, j] +
 * mask[b, h, i, j]) · v[b, h′, j]. Inputs q [B, H, Lq, D], k [B, K, Lk, D], v [B, K, Lk, E] with H a
 * multiple of K (h′ = ⌊h·K/H⌋: grouped queries), and a mask that broadcasts to [B, H, Lq, Lk], or none; all of
 * one float type. `causal`: row i sees keys j ≤ i + Lk − Lq only. Output [B, H, Lq, E]. A row that
 * sees no key is NaN. A narrow one rounds the weights of values, too.
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
import { type Narrowable, productType, rounded } from './narrow.js';

export interface AttentionAttrs extends Narrowable {
  readonly scale: number;
  readonly causal: boolean;
  /** type of a narrow one's output; default: float32 */
  readonly to?: 'bfloat16';
}

/** Rows of an item and keys of a block at most; rows of a tile of scores (native/ops/attention.cpp). */
const ROWS = 256;
const KEYS = 512;
const TILE_ROWS = 14;
const PANEL = 16;
/** Of narrow ones (native/ops/attention_narrow.cpp): rows of a tile, k of a step, room of a state. */
const NARROW_ROWS = 32;
const STEP = 32;
const STATE = 64;

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
  attrs: AttentionAttrs,
): Tensor {
  const { scale, causal, narrow, to } = attrs;
  const [b, h, lq, d] = q.shape as [number, number, number, number];
  const [, heads, lk, e] = v.shape as [number, number, number, number];
  const [x, y, z] = [q, k, v].map((t) => toNumbers(rounded(attrs, t))) as [
    Numbers,
    Numbers,
    Numbers,
  ];
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
    const each = narrow ? toNumbers(fromNumbers(narrow, [lk], weights)) : weights;
    for (let j = 0; j < lk; j++)
      for (let c = 0; c < e; c++)
        out[row * e + c]! += (each[j]! / total) * z[(shared * lk + j) * e + c]!;
  }
  return fromNumbers(narrow ? (to ?? 'float32') : q.dtype, [b, h, lq, e], out);
}

type Numbers = ReturnType<typeof toNumbers>;
const roundUp = (d: Dim, to = PANEL): Dim => D.mul(D.ceilDiv(d, to), to);

/** Bytes of scratch: Scratch of native/ops/attention.cpp, and of attention_narrow.cpp. */
function floatScratch(rowBlock: Dim, keyBlock: Dim, d: Dim, e: Dim): Dim {
  const [keys, rows, columns] = [roundUp(keyBlock), roundUp(rowBlock), roundUp(e)];
  return [
    D.mul(keys, d),
    D.mul(keys, columns),
    D.mul(TILE_ROWS, D.add(keys, PANEL)),
    keys,
    D.mul(rows, columns),
    D.mul(2, rows),
  ]
    .map((floats) => D.mul(4, floats))
    .reduce(D.add);
}
function narrowScratch(rowBlock: Dim, keyBlock: Dim, d: Dim, e: Dim): Dim {
  const [keys, wide, columns] = [roundUp(keyBlock, STEP), roundUp(d, STEP), roundUp(e, STEP)];
  const rows = roundUp(rowBlock);
  const odd = (k: Dim): Dim => D.add(k, D.mul(STEP, D.sub(1, D.mod(D.floorDiv(k, STEP), 2))));
  const halves = [
    D.mul(keys, wide),
    D.mul(keys, columns),
    D.mul(NARROW_ROWS, odd(keys)),
    D.mul(NARROW_ROWS, odd(wide)),
    D.mul(PANEL, D.max(wide, columns)),
  ].reduce(D.add);
  const floats = [
    D.mul(NARROW_ROWS, D.add(keys, PANEL)),
    keys,
    D.mul(rows, columns),
    D.mul(2, rows),
  ].reduce(D.add);
  return D.add(D.add(D.mul(2, halves), D.mul(4, floats)), STATE);
}

function lower({ attrs: { scale, causal, narrow } }: Node<AttentionAttrs>, l: Lowering): void {
  const [q, k, v] = [l.rows(l.in(0)), l.rows(l.in(1)), l.rows(l.in(2))];
  const [b, h, lq, d] = q.shape as [Dim, Dim, Dim, Dim];
  const [, , lk, e] = v.shape as [Dim, Dim, Dim, Dim];
  const mask = l.optional(3);
  const rowBlock = D.max(1, D.min(lq, ROWS));
  const keyBlock = D.max(1, D.min(lk, KEYS));
  l.emit({
    kernel: narrow ? 'attention.bf16' : 'attention.f32',
    params: { scale, causal: causal ? 1 : 0, rowBlock, keyBlock },
    inputs: [q, k, v, mask && broadcastOperand(mask, [b, h, lq, lk])],
    outputs: [l.out()],
    scratch: (narrow ? narrowScratch : floatScratch)(rowBlock, keyBlock, d, e),
    items: D.mul(D.mul(b, h), D.ceilDiv(lq, rowBlock)),
  });
}

export const Attention: OpDef<AttentionAttrs> = defineOp<AttentionAttrs>({
  name: 'Attention',
  infer(inputs, attrs) {
    const { narrow, to } = attrs;
    const [q, k, v] = [floatAt(inputs, 0), floatAt(inputs, 1), floatAt(inputs, 2)];
    const mask = optionalAt(inputs, 3);
    for (const t of [k, v]) productType(attrs, q.dtype, t.dtype);
    const dtype = narrow ? 'float32' : q.dtype;
    if (mask && mask.dtype !== dtype) typeError('types differ');
    checkShapes(q.shape, k.shape, v.shape);
    if (mask && mask.shape.length > 4) shapeError(`mask ${formatShape(mask.shape)}`);
    return [
      { type: { dtype: (narrow && to) ?? dtype, shape: [...q.shape.slice(0, 3), v.shape[3]!] } },
    ];
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
  lowers: (node) => node.attrs.narrow !== undefined || nativeAs(node, 'float32'),
  lower,
});

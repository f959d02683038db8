/**
 * MatMulNBits (com.microsoft): x · Wᵀ with weights of 2, 4 or 8 bits in blocks of a row. Inputs x
 * [..., K], q uint8 [N, blocks · block · bits / 8], scales [N, blocks], zero points [N, blocks] or none:
 * 2^(bits − 1), bias [N] or none; all float32 but q. W[n, k] = (q[n, k] − zero[n, b]) · scale[n, b], b = ⌊k / block⌋.
 * The first element of a byte is in its low bits. Weights stay as they are (native/ops/mat_mul_n_bits.cpp).
 */
import { apply } from '../ir/build.js';
import { type Node, type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OnnxNode, type OpDef, defineOp, shapeError, typeError } from '../ir/op.js';
import type { Lowering } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import { cut, transposed } from './arrange.js';
import { packedBits, unpacked } from './bits.js';
import { elementCost } from './effort.js';
import { checkSize, floatAt, optionalAt, pinned, tensorAt } from './facts.js';
import { cast, minus, plus, times } from './formula.js';
import { Gather } from './gather.js';
import { MatMul } from './mat-mul.js';
import { reshaped } from './reshape.js';
import { merged, mergedIn, mergedOut } from './views.js';

export interface MatMulNBitsAttrs {
  readonly bits: 2 | 4 | 8;
  /** elements of a block */
  readonly block: number;
  /** rows of W */
  readonly n: number;
}

/** Columns of an item, lanes of the widest vector, rows and lines of native/ops/mat_mul_n_bits.cpp. */
const COLUMNS = 32;
const LANES = 16;
const FEW_ROWS = 4;
const LINES = 256;

function lower({ attrs: { bits, block, n } }: Node<MatMulNBitsAttrs>, l: Lowering): void {
  const rank = l.in(0).shape.length;
  const x = mergedIn(l, l.in(0), 0, rank - 1);
  const matrix = (i: number) => l.dense(l.in(i));
  const bias = l.optional(4);
  const blocks = D.ceilDiv(x.shape[1]!, block);
  const bytes = (block * bits) / 8;
  const padded = D.mul(blocks, Math.ceil(bytes / LANES) * LANES * (8 / bits));
  const lines = Math.max(1, Math.floor(LINES / block)) * block;
  mergedOut(l, l.out(), 0, rank - 1, (out) =>
    l.emit({
      kernel: 'mat_mul_n_bits.f32',
      params: { bits, block },
      inputs: [
        x,
        matrix(1),
        matrix(2),
        l.optional(3) && matrix(3),
        bias && merged(l.dense(bias), 0, 1),
      ],
      outputs: [out],
      scratch: D.mul(4, D.max(D.mul(FEW_ROWS, D.add(padded, blocks)), COLUMNS * lines)),
      items: Math.ceil(n / COLUMNS),
      grain: 2,
    }),
  );
}

export const MatMulNBits: OpDef<MatMulNBitsAttrs> = defineOp<MatMulNBitsAttrs>({
  name: 'MatMulNBits',
  infer(inputs, { bits, block, n }) {
    const [x, q] = [floatAt(inputs, 0), tensorAt(inputs, 1)];
    if (x.dtype !== 'float32' || q.dtype !== 'uint8') typeError(`${x.dtype} and ${q.dtype}`);
    if (block < 1 || (block * bits) % 8 !== 0) shapeError(`blocks of ${block} elements`);
    const blocks = D.ceilDiv(x.shape.at(-1)!, block);
    checkSize('the packed weights', product(q.shape), D.mul(n, D.mul(blocks, (block * bits) / 8)));
    for (const i of [2, 3]) {
      const t = optionalAt(inputs, i);
      if (t) checkSize(`input ${i}`, product(t.shape), D.mul(n, blocks));
    }
    const bias = optionalAt(inputs, 4);
    if (bias) checkSize('the bias', product(bias.shape), n);
    return [{ type: { dtype: 'float32', shape: [...x.shape.slice(0, -1), n] } }];
  },
  eval([x, q, scales, zeros, bias], { bits, block, n }) {
    const k = x!.shape.at(-1)!;
    const blocks = Math.ceil(k / block);
    const [a, w, by] = [toNumbers(x!), packedBits(q!, bits), toNumbers(scales!)];
    const [zero, add] = [zeros && toNumbers(zeros), bias && toNumbers(bias)];
    const rows = a.length / Math.max(1, k);
    const y = new Float64Array(rows * n);
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < n; c++) {
        let sum = add?.[c] ?? 0;
        for (let i = 0; i < k; i++) {
          const b = c * blocks + Math.floor(i / block);
          const value = w[c * blocks * block + i]! - (zero?.[b] ?? 2 ** (bits - 1));
          sum += a[r * k + i]! * value * by[b]!;
        }
        y[r * n + c] = sum;
      }
    return [fromNumbers('float32', [...x!.shape.slice(0, -1), n], y)];
  },
  onnx: [{ type: 'MatMulNBits', since: 1, domain: 'com.microsoft', build }],
  cost(node) {
    const { bytes } = elementCost(node, 0);
    const k = shapeOf(node.inputs[0]!).at(-1)!;
    return { flops: D.mul(D.mul(2, k), product(shapeOf(node.outputs[0]!))), bytes };
  },
  lowers: () => true,
  lower,
});

/** Zero points as float32 [N, blocks]: packed in rows of whole bytes, or numbers already. */
function zeroPoints(zero: Value, bits: 2 | 4 | 8, n: number, blocks: number): Value {
  if (dtypeOf(zero) !== 'uint8') return reshaped(cast(zero, 'float32'), [n, blocks]);
  const bytes = Math.ceil((blocks * bits) / 8);
  return cut(cast(unpacked(reshaped(zero, [n, bytes]), bits), 'float32'), 1, 0, blocks);
}

function build(n: OnnxNode): Value[] {
  const [x, q, scales, zero, order, bias] = n.inputs as [
    ...[Value, Value, Value],
    ...(Value | null | undefined)[],
  ];
  const bits = n.int('bits', 4) as 2 | 4 | 8;
  const [k, rows, block] = [n.int('K'), n.int('N'), n.int('block_size')];
  if (![2, 4, 8].includes(bits)) typeError(`weights of ${bits} bits`);
  checkSize('the last axis of the input', pinned(shapeOf(x).at(-1)!), k);
  const blocks = Math.ceil(k / block);
  const float = (v: Value): Value => cast(v, 'float32');
  const packed = reshaped(q, [rows, (blocks * block * bits) / 8]);
  const scale = reshaped(float(scales), [rows, blocks]);
  const zeros = zero ? zeroPoints(zero, bits, rows, blocks) : null;
  const input = float(x);
  let y: Value;
  if (order) {
    // columns take their scales from anywhere: the weights are widened while compiling
    const at = (v: Value): Value => apply(Gather, { axis: 1 }, [v, cut(order, 0, 0, k)]);
    const wide = cut(float(unpacked(packed, bits)), 1, 0, k);
    const centred = minus(wide, zeros ? at(zeros) : 2 ** (bits - 1));
    y = apply(MatMul, { stages: [] }, [input, transposed(times(centred, at(scale)), 1, 0)]);
    if (bias) y = plus(y, float(bias));
  } else {
    const inputs = [input, packed, scale, zeros, bias ? float(bias) : null];
    y = apply(MatMulNBits, { bits, block, n: rows }, inputs);
  }
  return [cast(y, dtypeOf(x))];
}

/**
 * MatMul (ONNX, numpy.matmul): y = stages(A·B). Inputs A [..., M, K], B [..., K, N], then the operands
 * of `stages`; leading axes broadcast, a vector A is a row, a vector B a column. Slots of the stages:
 * the product, the operands, earlier results; they keep the product's shape. Transposed matrices
 * are Transpose nodes, which are views here.
 */
import { type Fact, type Node, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OpDef, defineOp, shapeError } from '../ir/op.js';
import type { GraphStage } from '../ir/stages.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { type DType, isFloat } from '../tensor/dtype.js';
import {
  broadcast,
  broadcastStrides,
  denseStrides,
  formatShape,
  product,
} from '../tensor/shape.js';
import { type Tensor, fromNumbers, sizeOf, tensor, toNumbers } from '../tensor/tensor.js';
import { broadcastOperand } from './chain-step.js';
import { elementCost, grainFor, nativeAs, ranksFit } from './effort.js';
import { epilogueLowers, evalEpilogue, inferEpilogue } from './epilogue.js';
import { numericAt } from './facts.js';
import { type ProductSpec, emitProduct } from './gemm-step.js';
import { productEntries } from './gemm.js';
import { MAX_RANK, walk } from './moving.js';
import { type Narrowable, productType, rounded, withoutConversions } from './narrow.js';
import { emitNarrow } from './narrow-step.js';
import { reordered, widened } from './views.js';

export interface MatMulAttrs extends Narrowable {
  readonly stages: readonly GraphStage[];
}

/** Types that have a plain kernel of their own, without stages (native/ops/mat_mul.cpp). */
const PLAIN: Partial<Record<DType, string>> = {
  float64: 'f64',
  int32: 'i32',
  uint32: 'u32',
  int64: 'i64',
  uint64: 'u64',
};

/** [..., M, N] of matrices at least; vectors count as a row or a column. */
export function matrixShape(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const fail = (): never => shapeError(`cannot multiply ${formatShape(a)} by ${formatShape(b)}`);
  if (a.length === 0 || b.length === 0) return fail();
  const [left, right] = [a.length === 1 ? [1, ...a] : a, b.length === 1 ? [...b, 1] : b];
  const [k, k2] = [left.at(-1)!, right.at(-2)!];
  if (typeof k === 'number' && typeof k2 === 'number' && k !== k2) fail();
  const lead = broadcast(left.slice(0, -2), right.slice(0, -2)) ?? fail();
  return [...lead, left.at(-2)!, right.at(-1)!];
}

/** The matrix shape without the axes that only vectors gave it. */
export const productShape = (a: readonly Dim[], b: readonly Dim[]): Dim[] =>
  matrixShape(a, b).filter((_, i, all) =>
    i === all.length - 2 ? a.length > 1 : i === all.length - 1 ? b.length > 1 : true,
  );

const asRow = (o: Operand): Operand => (o.shape.length === 1 ? widened(o, 0, 1) : o);
const asColumn = (o: Operand): Operand => (o.shape.length === 1 ? widened(o, 1, 1) : o);

export function evalProduct(a: Tensor, b: Tensor): Tensor {
  const shape = matrixShape(a.shape, b.shape) as number[];
  const left = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
  const right = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
  const [k, n] = [left.at(-1)!, right.at(-1)!];
  const wide = (s: readonly number[]): number[] => {
    const lead = broadcastStrides(s.slice(0, -2), denseStrides(s).slice(0, -2), shape.slice(0, -2));
    return lead as number[];
  };
  const rowsOf = (lead: readonly number[], last: readonly number[]): number[] => {
    const at: number[] = [];
    walk(shape, [...lead, ...last], 0, (i) => at.push(i));
    return at;
  };
  const ia = rowsOf(wide(left), [k, 0]);
  const ib = rowsOf(wide(right), [0, 1]);
  const out = productShape(a.shape, b.shape) as number[];
  if (!isFloat(a.dtype)) {
    const [x, y] = [a.data as ArrayLike<number | bigint>, b.data as ArrayLike<number | bigint>];
    const sums = ia.map((p, i) => {
      let sum = 0n;
      for (let j = 0; j < k; j++) sum += BigInt(x[p + j]!) * BigInt(y[ib[i]! + j * n]!);
      return sum;
    });
    return wrapped(a.dtype, out, sums);
  }
  const [x, y] = [toNumbers(a), toNumbers(b)];
  const sums = new Float64Array(sizeOf(shape));
  for (let i = 0; i < sums.length; i++)
    for (let j = 0, p = ia[i]!, q = ib[i]!; j < k; j++, q += n) sums[i]! += x[p + j]! * y[q]!;
  return fromNumbers(a.dtype, out, sums);
}

/** Integers of any size, wrapped to the dtype. */
function wrapped(dtype: DType, shape: readonly number[], values: readonly bigint[]): Tensor {
  const data = dtype === 'uint64' ? BigUint64Array.from(values) : BigInt64Array.from(values);
  if (dtype === 'int64' || dtype === 'uint64') return tensor(dtype, shape, data);
  return fromNumbers(
    dtype,
    shape,
    values.map((v) => Number(BigInt.asIntN(32, v))),
  );
}

/** Axes in the order g…, r…, M, N: those along which B has one matrix come after the others. */
function axisOrder(rank: number, b: readonly Dim[]): { order: number[]; groups: number } {
  const lead = Array.from({ length: rank - 2 }, (_, i) => i);
  const own = (i: number): boolean => (b[i - (rank - b.length)] ?? 1) !== 1;
  const grouped = lead.filter(own);
  const shared = lead.filter((i) => !own(i));
  return { order: [...grouped, ...shared, rank - 2, rank - 1], groups: grouped.length };
}

/** The matrices of both inputs and what has the output's shape, all with the same leading axes. */
interface Views {
  readonly a: Operand;
  readonly b: Operand;
  readonly out: Operand;
  readonly extras: readonly Operand[];
}

function viewsOf(node: Node, l: Lowering, own: number): Views {
  const [sa, sb] = [shapeOf(node.inputs[0]!), shapeOf(node.inputs[1]!)];
  const lead = matrixShape(sa, sb).slice(0, -2);
  const wide = (o: Operand): Operand => {
    const strides = broadcastStrides(o.shape.slice(0, -2), o.strides.slice(0, -2), lead);
    return {
      ...o,
      shape: [...lead, ...o.shape.slice(-2)],
      strides: [...strides, ...o.strides.slice(-2)],
    };
  };
  /** with the axes that vectors lack */
  const matrix = (o: Operand): Operand => {
    const columns = sb.length > 1 ? o : widened(o, o.shape.length, 1);
    return sa.length > 1 ? columns : widened(columns, columns.shape.length - 1, 1);
  };
  const out = l.out();
  return {
    a: wide(asRow(l.in(0))),
    b: asColumn(l.in(1)),
    out: matrix(out),
    extras: node.inputs.slice(own).map((v) => matrix(broadcastOperand(l.of(v!), out.shape))),
  };
}

/** The product of inputs 0 and 1 without bias and stages; extras are the inputs from `own` on. */
export function productOf(node: Node, l: Lowering, own: number): Omit<ProductSpec, 'stages'> {
  const { a, b, out, extras } = viewsOf(node, l, own);
  const rank = out.shape.length;
  const { order, groups } = axisOrder(rank, b.shape);
  const turned = (o: Operand): Operand => reordered(o, order);
  const axes = order.slice(0, groups).map((i) => i - (rank - b.shape.length));
  return {
    a: turned(l.rows(a)),
    b: reordered(b, [...axes, b.shape.length - 2, b.shape.length - 1]),
    out: turned(out),
    groups,
    taps: 0,
    bias: null,
    extras: extras.map(turned),
    aElements: product(shapeOf(node.inputs[0]!)),
  };
}

function lowerFloats(node: Node<MatMulAttrs>, l: Lowering): void {
  const types = node.inputs.slice(2).map((v) => dtypeOf(v!));
  const stages = withoutConversions(node.attrs.stages, ['float32', ...types]);
  const spec = { ...productOf(node, l, 2), stages };
  if (node.attrs.narrow === undefined) emitProduct(l, spec);
  else emitNarrow(l, { ...spec, format: 'bf16' });
}

function lowerPlain(node: Node, l: Lowering, kernel: string): void {
  const { a, b, out } = viewsOf(node, l, 2);
  const lead = out.shape.slice(0, -2);
  const strides = broadcastStrides(b.shape.slice(0, -2), b.strides.slice(0, -2), lead);
  const wide = {
    ...b,
    shape: [...lead, ...b.shape.slice(-2)],
    strides: [...strides, ...b.strides.slice(-2)],
  };
  l.emit({
    kernel: `mat_mul.${kernel}`,
    params: {},
    inputs: [a, wide],
    outputs: [out],
    items: product(out.shape.slice(0, -1)),
    grain: grainFor(D.mul(a.shape.at(-1)!, out.shape.at(-1)!)),
  });
}

export const MatMul: OpDef<MatMulAttrs> = defineOp<MatMulAttrs>({
  name: 'MatMul',
  infer(inputs, attrs, ctx): readonly Fact[] {
    const [a, b] = [numericAt(inputs, 0), numericAt(inputs, 1)];
    const dtype = productType(attrs, a.dtype, b.dtype);
    const shape = productShape(a.shape, b.shape);
    return [inferEpilogue(attrs.stages, { dtype, shape }, inputs.slice(2), ctx)];
  },
  eval([a, b, ...extras], attrs) {
    const y = evalProduct(rounded(attrs, a!), rounded(attrs, b!));
    return [evalEpilogue(attrs.stages, y, extras)];
  },
  onnx: [
    { type: 'MatMul', since: 1, read: () => ({ stages: [] }) },
    ...productEntries(() => MatMul),
  ],
  cost(node) {
    const k = shapeOf(node.inputs[0]!).at(-1)!;
    const { bytes } = elementCost(node, 0);
    return { flops: D.mul(D.mul(2, k), product(shapeOf(node.outputs[0]!))), bytes };
  },
  lowers(node) {
    const { stages, narrow } = node.attrs;
    if (narrow !== undefined)
      return (
        ranksFit(node) && rankOf(node) <= MAX_RANK && epilogueLowers(stages, node.inputs.length - 2)
      );
    const dtype = dtypeOf(node.inputs[0]!);
    if (!nativeAs(node, dtype) || rankOf(node) > MAX_RANK) return false;
    if (dtype === 'float32') return epilogueLowers(stages, node.inputs.length - 2);
    return stages.length === 0 && PLAIN[dtype] !== undefined;
  },
  lower(node, l) {
    const plain = node.attrs.narrow ? undefined : PLAIN[dtypeOf(node.inputs[0]!)];
    if (plain === undefined) lowerFloats(node, l);
    else lowerPlain(node, l, plain);
  },
});

/** Axes of the operands of a step: those of the output, and the ones that vectors lack. */
export const rankOf = (node: Node): number =>
  matrixShape(shapeOf(node.inputs[0]!), shapeOf(node.inputs[1]!)).length;

/** CumSum (ONNX): sums of the elements so far along an axis. */
import { type Fact, type Node, dtypeOf } from '../ir/graph.js';
import { apply } from '../ir/build.js';
import { type OnnxNode, type OpDef, defineOp, shapeError } from '../ir/op.js';
import { raise } from '../errors.js';
import { type DType, isInteger, shortOf } from '../tensor/dtype.js';
import { product } from '../tensor/shape.js';
import { type Tensor, fromNumbers, tensor, toNumbers } from '../tensor/tensor.js';
import { eachLine } from './along-axis.js';
import { grainFor } from './effort.js';
import { checkAxis, fromStart, numbersOf, numericAt, rankAt } from './facts.js';
import { movable } from './moving.js';

export interface CumSumAttrs {
  /** 0…rank−1 */
  readonly axis: number;
  /** without the element itself */
  readonly exclusive: boolean;
  /** sums of the elements from here on */
  readonly reverse: boolean;
}

const NATIVE: readonly DType[] = ['float32', 'float64', 'int32', 'int64'];

/** Results so far in `list` in place, element by element; rounded by what the list holds. */
function accumulate<T>(
  list: { [i: number]: T },
  shape: readonly number[],
  { axis, exclusive, reverse }: CumSumAttrs,
  first: T,
  combine: (a: T, b: T) => T,
): void {
  eachLine(shape, axis, (start, stride, length) => {
    let sum = first;
    for (let k = 0; k < length; k++) {
      const at = start + (reverse ? length - 1 - k : k) * stride;
      const next = combine(sum, list[at]!);
      list[at] = exclusive ? sum : next;
      sum = next;
    }
  });
}

/** Sums or products of the elements so far. */
function accumulated(x: Tensor, attrs: CumSumAttrs, kind: 'sum' | 'product'): Tensor {
  const isSum = kind === 'sum';
  if (x.data instanceof BigInt64Array || x.data instanceof BigUint64Array) {
    const data = x.data.slice();
    accumulate(data, x.shape, attrs, isSum ? 0n : 1n, isSum ? (a, b) => a + b : (a, b) => a * b);
    return tensor(x.dtype, x.shape, data);
  }
  const values = toNumbers(x);
  const round =
    x.dtype === 'float32'
      ? Math.fround
      : isInteger(x.dtype)
        ? (v: number): number => v | 0
        : (v: number): number => v;
  const combine = isSum
    ? (a: number, b: number): number => round(a + b)
    : (a: number, b: number): number => (isInteger(x.dtype) ? Math.imul(a, b) : round(a * b));
  accumulate(values, x.shape, attrs, isSum ? 0 : 1, combine);
  return fromNumbers(x.dtype, x.shape, values);
}

/** What CumSum and CumProd infer. */
function inferAccumulated(inputs: readonly (Fact | null)[], { axis }: CumSumAttrs): Fact[] {
  const type = numericAt(inputs, 0);
  if (type.shape.length === 0) shapeError('a scalar has no axis');
  checkAxis(axis, type.shape.length);
  return [{ type }];
}

/** Attributes of CumSum and CumProd, whose input 1 is the axis. */
function readAccumulated(n: OnnxNode): CumSumAttrs {
  const [axis] =
    numbersOf(n, n.inputs[1]) ??
    raise('HAIO_E_GRAPH', { reason: `node '${n.name}' (${n.type}) has no axis` });
  return {
    axis: fromStart(axis!, rankAt(n, 0)),
    exclusive: n.int('exclusive', 0) !== 0,
    reverse: n.int('reverse', 0) !== 0,
  };
}

/** CumSum or CumProd. */
export function accumulation(
  name: string,
  kernel: string,
  since: number,
  kind: 'sum' | 'product',
): OpDef<CumSumAttrs> {
  const op: OpDef<CumSumAttrs> = defineOp<CumSumAttrs>({
    name,
    infer: inferAccumulated,
    eval: ([x], attrs) => [accumulated(x!, attrs, kind)],
    onnx: [{ type: name, since, build: (n) => [apply(op, readAccumulated(n), [n.inputs[0]!])] }],
    permute: ({ attrs }, _from, perm) => ({
      attrs: { ...attrs, axis: perm[attrs.axis]! },
      inputs: [perm],
      outputs: [perm],
    }),
    lower({ attrs: { axis, exclusive, reverse } }, l) {
      const x = l.in(0);
      l.emit({
        kernel: `${kernel}.${shortOf(x.dtype)}`,
        params: { axis, exclusive: Number(exclusive), reverse: Number(reverse) },
        inputs: [x],
        outputs: [l.out()],
        items: product(x.shape.filter((_, i) => i !== axis)),
        grain: grainFor(x.shape[axis]!),
        inplace: [0],
      });
    },
    lowers: (node: Node) => movable(node) && NATIVE.includes(dtypeOf(node.inputs[0]!)),
  });
  return op;
}

export const CumSum: OpDef<CumSumAttrs> = accumulation('CumSum', 'cum_sum', 11, 'sum');

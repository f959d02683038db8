/**
 * What products of 8-bit matrices share. Inputs a, b, their zero points or none (one element; that of b
 * also one for each column), an int32 bias for each column or none, then the operands of the stages:
 * y = stages(Σ (a − zeroA)·(b − zeroB) + bias), in int32 and wrapping before the stages. Kernels run
 * the stages on floats, so the first thing that is done with the sums must be a Cast to float32.
 */
import { type Fact, type Node, type Value, dtypeOf, isTensorType, shapeOf } from '../ir/graph.js';
import { typeError } from '../ir/op.js';
import type { GraphStage } from '../ir/stages.js';
import type { Operand } from '../ir/step.js';
import type { Dim } from '../tensor/dim.js';
import type { DType } from '../tensor/dtype.js';
import { product } from '../tensor/shape.js';
import { type Tensor, fromNumbers, toNumbers } from '../tensor/tensor.js';
import { Cast, type CastAttrs } from './cast.js';
import { epilogueLowers } from './epilogue.js';
import { checkSize, optionalAt, tensorAt } from './facts.js';

/** Inputs before the operands of the stages. */
export const OWN = 5;

export interface IntegerAttrs {
  readonly stages: readonly GraphStage[];
}

const BYTES: readonly DType[] = ['int8', 'uint8'];

/** Checks types and the sizes of zero points and bias, for `columns` columns. */
export function checkIntegers(inputs: readonly (Fact | null)[], columns: Dim): void {
  for (const i of [0, 1]) {
    const { dtype } = tensorAt(inputs, i);
    if (!BYTES.includes(dtype)) typeError(`input ${i} must be int8 or uint8, got ${dtype}`);
    const zero = optionalAt(inputs, i + 2);
    if (zero && zero.dtype !== dtype) typeError(`a zero point is ${zero.dtype}, not ${dtype}`);
    const size = zero && product(zero.shape);
    if (size && (i === 0 || size !== 1)) checkSize(`zero point ${i}`, size, i === 0 ? 1 : columns);
  }
  const bias = optionalAt(inputs, 4);
  if (bias && bias.dtype !== 'int32') typeError(`the bias must be int32, got ${bias.dtype}`);
  if (bias) checkSize('the bias', product(bias.shape), columns);
}

/** a − zero in float64; `along(i)`: which zero point belongs to element i. */
export function lessZero(a: Tensor, zero: Tensor | null, along: (i: number) => number): Tensor {
  const zeros = zero ? toNumbers(zero) : [0];
  const values = toNumbers(a).map((x, i) => x - zeros[zeros.length === 1 ? 0 : along(i)]!);
  return fromNumbers('float64', a.shape, values);
}

/** Exact sums with the bias of the last axis, as int32. */
export function wrapped(sums: Tensor, bias: Tensor | null): Tensor {
  const more = bias && toNumbers(bias);
  const n = sums.shape.at(-1) ?? 1;
  const values = toNumbers(sums).map((x, i) =>
    Number(BigInt.asIntN(32, BigInt(x + (more?.[i % n] ?? 0)))),
  );
  return fromNumbers('int32', sums.shape, values);
}

/** Only a Cast to float32 looks at the sums, and the rest runs on floats. */
export function stagesLower(node: Node<IntegerAttrs>): boolean {
  const { stages } = node.attrs;
  const isCast = (s: GraphStage): boolean =>
    (s.op as unknown) === Cast && (s.attrs as CastAttrs).to === 'float32';
  const fits = stages.every((s) => !s.args.includes(0) || isCast(s));
  return fits && epilogueLowers(stages, node.inputs.length - OWN);
}

/** The one zero point of `o`, as a scalar. */
export const scalar = (o: Operand | null): Operand | null => o && { ...o, shape: [], strides: [] };

/** True where v is absent or holds one element. */
export const isOne = (v: Value | null | undefined): boolean =>
  !v || (isTensorType(v.fact.type) && product(shapeOf(v)) === 1);

export const isBytes = (v: Value): boolean => BYTES.includes(dtypeOf(v));

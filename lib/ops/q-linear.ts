/**
 * What com.microsoft's QLinear operators share: float results as integers, with the zero point added
 * before they are rounded, as onnxruntime's kernels do.
 */
import { apply, literal } from '../ir/build.js';
import { type Value, dtypeOf } from '../ir/graph.js';
import { DequantizeLinear } from './dequantize-linear.js';
import { cast, over, plus, times } from './formula.js';
import { quantized } from './quantize-linear.js';
import { reshaped } from './reshape.js';

type Input = Value | null | undefined;

/** A scale or zero point of one element as a scalar. */
export const one = (v: Value): Value => reshaped(v, []);

/** The zero point, or 0 of x's type. */
export const zeroOf = (zero: Input, x: Value): Value =>
  zero ? one(zero) : literal(dtypeOf(x), [], [0]);

/** scale · (x − zero) */
export const dequantized = (x: Value, scale: Value, zero: Input): Value =>
  apply(DequantizeLinear, {}, [x, zeroOf(zero, x), one(scale)]);

/** saturate(roundEven(x + zero)) in the type of `zero`. */
export function rounded(x: Value, zero: Value): Value {
  const none = literal(dtypeOf(zero), [], [0]);
  return quantized(plus(x, cast(zero, 'float32')), literal('float32', [], [1]), none);
}

/** saturate(roundEven(x / scale + zero)) */
export const rescaled = (x: Value, scale: Value, zero: Value): Value =>
  rounded(over(x, one(scale)), zero);

/** x − zero as exact float32. */
export const offset = (x: Value, zero: Value): Value =>
  plus(cast(x, 'float32'), times(cast(zero, 'float32'), -1));

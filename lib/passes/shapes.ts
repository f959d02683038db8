/** Reshape in the one form the passes use: all sizes given, as constants or expressions. */
import { apply, literal } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { Reshape } from '../ops/reshape.js';
import { SizeVector } from '../ops/size-vector.js';
import type { Dim } from '../tensor/dim.js';
import { isStatic, sameShape } from '../tensor/shape.js';

/** An int64 vector of sizes. */
export const sizes = (dims: readonly Dim[]): Value =>
  isStatic(dims)
    ? literal('int64', [dims.length], dims)
    : apply(SizeVector, { dtype: 'int64', shape: [dims.length], dims }, []);

/** v with its elements in row-major order in another shape of as many; v itself if it has that shape. */
export const reshaped = (v: Value, shape: readonly Dim[]): Value =>
  sameShape(shapeOf(v), shape) ? v : apply(Reshape, { allowzero: true }, [v, sizes(shape)]);

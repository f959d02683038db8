/** Indices as gathering and scattering ops take them: int32 or int64, negative ones from the end. */
import { raise } from '../errors.js';
import type { Fact, TensorType } from '../ir/graph.js';
import { shapeError, typeError } from '../ir/op.js';
import type { Dim } from '../tensor/dim.js';
import { tensorAt } from './facts.js';

/** Type of input i, which must hold indices. */
export function indexAt(inputs: readonly (Fact | null)[], i: number): TensorType {
  const type = tensorAt(inputs, i);
  if (type.dtype !== 'int64' && type.dtype !== 'int32')
    typeError(`input ${i} must be int32 or int64, got ${type.dtype}`);
  return type;
}

/** HAIO_E_SHAPE where a known index lies outside of a known size. */
export function checkIndices(known: readonly number[] | null, size: Dim): void {
  if (typeof size !== 'number') return;
  const wrong = known?.find((i) => i >= size || i < -size);
  if (wrong !== undefined) shapeError(`index ${wrong} is outside of an axis of ${size}`);
}

/** The place an index means; HAIO_E_DATA outside of the axis. */
export function indexed(index: number, size: number): number {
  const at = index < 0 ? index + size : index;
  if (at >= 0 && at < size) return at;
  return raise('HAIO_E_DATA', {
    node: '',
    op: '',
    reason: `index ${index} is outside of an axis of ${size}`,
  });
}

/** Inverse (com.microsoft): inverses of the square matrices in the last two axes. */
import { defineOp, shapeError } from '../ir/op.js';
import { fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { checkSize, floatAt } from './facts.js';

/** By Gauss-Jordan elimination with partial pivoting of [a | 1]; a singular matrix gives no numbers. */
function inverse(a: Float64Array, n: number): Float64Array {
  const width = 2 * n;
  const rows = Array.from({ length: n }, (_, i) => {
    const row = new Float64Array(width);
    row.set(a.subarray(i * n, (i + 1) * n));
    row[n + i] = 1;
    return row;
  });
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++)
      if (Math.abs(rows[i]![k]!) > Math.abs(rows[pivot]![k]!)) pivot = i;
    [rows[k], rows[pivot]] = [rows[pivot]!, rows[k]!];
    const own = rows[k]!;
    const head = own[k]!;
    for (let j = 0; j < width; j++) own[j]! /= head;
    rows.forEach((row, i) => {
      const factor = row[k]!;
      if (i !== k) for (let j = 0; j < width; j++) row[j]! -= factor * own[j]!;
    });
  }
  const result = new Float64Array(n * n);
  rows.forEach((row, i) => result.set(row.subarray(n), i * n));
  return result;
}

export const Inverse = defineOp<Record<string, never>>({
  name: 'Inverse',
  infer(inputs) {
    const type = floatAt(inputs, 0);
    if (type.shape.length < 2) shapeError(`matrices have 2 axes or more, got ${type.shape.length}`);
    checkSize('a column', type.shape.at(-2), type.shape.at(-1)!);
    return [{ type }];
  },
  eval([x]) {
    const { shape, dtype } = x!;
    const n = shape.at(-1)!;
    if (shape.at(-2) !== n) shapeError('the matrices are not square');
    const values = toNumbers(x!);
    const all = new Float64Array(values.length);
    for (let b = 0; b < sizeOf(shape.slice(0, -2)); b++)
      all.set(inverse(values.slice(b * n * n, (b + 1) * n * n), n), b * n * n);
    return [fromNumbers(dtype, shape, all)];
  },
  onnx: [{ type: 'Inverse', since: 1, domain: 'com.microsoft', read: () => ({}) }],
});

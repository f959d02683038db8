/** Det (ONNX): determinants of the square matrices in the last two axes. */
import { defineOp, shapeError } from '../ir/op.js';
import { fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { checkSize, floatAt } from './facts.js';

/** By Gaussian elimination with partial pivoting; `a` is overwritten. */
function determinant(a: Float64Array, n: number): number {
  let product = 1;
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k + 1; i < n; i++)
      if (Math.abs(a[i * n + k]!) > Math.abs(a[pivot * n + k]!)) pivot = i;
    const head = a[pivot * n + k]!;
    if (head === 0) return 0;
    if (pivot !== k) product = -product;
    for (let j = k; j < n; j++) {
      const x = a[k * n + j]!;
      a[k * n + j] = a[pivot * n + j]!;
      a[pivot * n + j] = x;
    }
    product *= head;
    for (let i = k + 1; i < n; i++) {
      const factor = a[i * n + k]! / head;
      for (let j = k; j < n; j++) a[i * n + j]! -= factor * a[k * n + j]!;
    }
  }
  return product;
}

export const Det = defineOp<Record<string, never>>({
  name: 'Det',
  infer(inputs) {
    const { dtype, shape } = floatAt(inputs, 0);
    if (shape.length < 2) shapeError(`matrices have 2 axes or more, got ${shape.length}`);
    checkSize('a column', shape.at(-2), shape.at(-1)!);
    return [{ type: { dtype, shape: shape.slice(0, -2) } }];
  },
  eval([x]) {
    const n = x!.shape.at(-1)!;
    if (x!.shape.at(-2) !== n) shapeError('the matrices are not square');
    const batch = x!.shape.slice(0, -2);
    const values = toNumbers(x!);
    const results = Array.from({ length: sizeOf(batch) }, (_, b) =>
      determinant(values.slice(b * n * n, (b + 1) * n * n), n),
    );
    return [fromNumbers(x!.dtype, batch, results)];
  },
  onnx: [{ type: 'Det', since: 11, read: () => ({}) }],
});

/** How far one tensor is from another. */
import { isFloat } from '../tensor/dtype.js';
import { type Tensor, toNumbers } from '../tensor/tensor.js';

export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

export interface Difference {
  /** largest |a − b| */
  readonly absolute: number;
  /** largest |a − b| / |b| where b is not 0 */
  readonly relative: number;
  /** a·b / |a||b|; 1 for two zero vectors */
  readonly cosine: number;
  /** elements with |a − b| > atol + rtol·|b|; any difference where elements are no floats */
  readonly wrong: number;
  readonly elements: number;
}

const textOf = (t: Tensor): string => `${t.dtype}[${t.shape.join(',')}]`;

/** The difference of `a` from the reference `b`, or what keeps them from being compared. */
export function differenceOf(a: Tensor, b: Tensor, { rtol, atol }: Tolerance): Difference | string {
  if (textOf(a) !== textOf(b)) return `${textOf(a)} where ${textOf(b)} is expected`;
  const elements = a.data.length;
  if (!isFloat(a.dtype)) {
    let wrong = 0;
    for (let i = 0; i < elements; i++) if (a.data[i] !== b.data[i]) wrong++;
    if (a.dtype === 'string') {
      const differ = wrong > 0 ? 1 : 0;
      return { absolute: differ, relative: differ, cosine: 1 - differ, wrong, elements };
    }
    return { ...measure(toNumbers(a), toNumbers(b), 0, 0), wrong };
  }
  return measure(toNumbers(a), toNumbers(b), rtol, atol);
}

function measure(a: Float64Array, b: Float64Array, rtol: number, atol: number): Difference {
  let [absolute, relative, wrong, ab, aa, bb] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (Object.is(x, y) || x === y) {
      if (Number.isFinite(x)) [ab, aa, bb] = [ab + x * y, aa + x * x, bb + y * y];
      continue;
    }
    const error = Math.abs(x - y);
    if (!Number.isFinite(error)) {
      // NaN or infinity on one side only
      absolute = relative = Infinity;
      wrong++;
      continue;
    }
    [ab, aa, bb] = [ab + x * y, aa + x * x, bb + y * y];
    absolute = Math.max(absolute, error);
    if (y !== 0) relative = Math.max(relative, error / Math.abs(y));
    if (error > atol + rtol * Math.abs(y)) wrong++;
  }
  const norm = Math.sqrt(aa) * Math.sqrt(bb);
  const cosine = norm > 0 ? Math.max(-1, Math.min(1, ab / norm)) : aa === bb ? 1 : 0;
  return { absolute, relative, cosine, wrong, elements: a.length };
}

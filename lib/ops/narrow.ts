/**
 * Arithmetic on narrow operands. A product whose attribute `narrow` is 'bfloat16' takes float32 or
 * bfloat16 operands, rounds them to bfloat16, and sums products of these in float32; its stages
 * follow in float32.
 */
import { typeError } from '../ir/op.js';
import type { GraphStage } from '../ir/stages.js';
import type { DType } from '../tensor/dtype.js';
import { type Tensor, fromNumbers, toNumbers } from '../tensor/tensor.js';

export interface Narrowable {
  readonly narrow?: 'bfloat16';
}

/** The type of the product of these types. */
export function productType({ narrow }: Narrowable, a: DType, b: DType): DType {
  if (narrow === undefined) return a === b ? a : typeError(`types differ: ${a}, ${b}`);
  for (const t of [a, b])
    if (t !== 'float32' && t !== 'bfloat16') typeError(`${t} cannot be rounded to bfloat16`);
  return 'float32';
}

/** An operand as it is multiplied. */
export function rounded({ narrow }: Narrowable, t: Tensor): Tensor {
  if (narrow === undefined) return t;
  const nearest = fromNumbers(narrow, t.shape, toNumbers(t));
  return fromNumbers('float32', t.shape, toNumbers(nearest));
}

/** Types that float32 holds exactly, so that converting them while loading is the cast itself. */
const EXACT: readonly DType[] = ['float16', 'bfloat16', 'int8', 'uint8', 'int16', 'uint16'];

/**
 * Stages of a kernel that loads any type as float32 and stores any: without casts to float32 of slots
 * `types` (slot 0 may be an int32 product), and without a last cast.
 */
export function withoutConversions(
  stages: readonly GraphStage[],
  types: readonly DType[],
): GraphStage[] {
  const out: GraphStage[] = [];
  /** new slot of each old one */
  const now = types.map((_, i) => i);
  stages.forEach((s, i) => {
    const [from] = s.args as [number];
    // by name: Cast itself is lowered by what imports this
    const isCast = s.op.name === 'Cast';
    const to = isCast ? (s.attrs as { readonly to: DType }).to : null;
    const type = types[from];
    const loads =
      to === 'float32' &&
      type !== undefined &&
      (EXACT.includes(type) || (from === 0 && type === 'int32'));
    const stores =
      isCast &&
      i === stages.length - 1 &&
      now[from] === (out.length === 0 ? 0 : types.length + out.length - 1);
    if (loads || stores) now.push(now[from]!);
    else {
      out.push({ ...s, args: s.args.map((a) => now[a]!) });
      now.push(types.length + out.length - 1);
    }
  });
  return out;
}

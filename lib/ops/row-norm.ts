/** Maker of LayerNorm and RmsNorm: normalisation of what lies behind an axis, after an optional sum. */
import { applyAll } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { type OpDef, defineOp } from '../ir/op.js';
import type { Lowering, Operand } from '../ir/step.js';
import { product, sameShape } from '../tensor/shape.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { elementCost, grainFor, nativeAs } from './effort.js';
import { checkAxis, checkSize, floatAt, optionalAt } from './facts.js';
import { plus, times } from './formula.js';
import { merged, mergedIn, mergedOut } from './views.js';

/**
 * Inputs: x, scale, bias, residual; all but x may be absent. Scale and bias have the shape of x from
 * `axis` on, the residual that of x. Outputs: the normalised x + residual, and that sum if asked for.
 */
export interface RowNormAttrs {
  /** 0…rank−1: the first of the axes that are normalised together */
  readonly axis: number;
  readonly epsilon: number;
  /** the second output is there */
  readonly sum: boolean;
}

function evaluate(
  centred: boolean,
  [x, scale, bias, residual]: readonly (Tensor | null)[],
  { axis, epsilon, sum }: RowNormAttrs,
): readonly Tensor[] {
  const s = toNumbers(x!);
  const r = residual ? toNumbers(residual) : null;
  if (r) for (let i = 0; i < s.length; i++) s[i]! += r[i]!;
  const total = fromNumbers(x!.dtype, x!.shape, s);
  const [a, b] = [scale, bias].map((t) => (t ? toNumbers(t) : null));
  const n = sizeOf(x!.shape.slice(axis));
  const y = new Float64Array(s.length);
  for (let start = 0; start < s.length; start += n) {
    let mean = 0;
    if (centred) for (let i = 0; i < n; i++) mean += s[start + i]! / n;
    let square = 0;
    for (let i = 0; i < n; i++) square += (s[start + i]! - mean) ** 2 / n;
    const inverse = 1 / Math.sqrt(square + epsilon);
    for (let i = 0; i < n; i++)
      y[start + i] = (s[start + i]! - mean) * inverse * (a?.[i] ?? 1) + (b?.[i] ?? 0);
  }
  const out = fromNumbers(x!.dtype, x!.shape, y);
  return sum ? [out, total] : [out];
}

function lowerRows(kernel: string, { axis, epsilon, sum }: RowNormAttrs, l: Lowering): void {
  const rank = l.in(0).shape.length;
  const flat = (o: Operand | null): Operand | null => o && mergedIn(l, o, axis, rank);
  const vector = (o: Operand | null): Operand | null => o && merged(l.dense(o), 0, o.shape.length);
  const x = flat(l.in(0))!;
  const inputs = [x, vector(l.optional(1)), vector(l.optional(2)), flat(l.optional(3))];
  const emit = (outputs: readonly Operand[]): void =>
    l.emit({
      kernel: `${kernel}${sum ? '_sum' : ''}.f32`,
      params: { epsilon },
      inputs,
      outputs,
      items: product(x.shape.slice(0, -1)),
      grain: grainFor(x.shape.at(-1)!),
      inplace: [0, 3],
    });
  mergedOut(l, l.out(), axis, rank, (y) => {
    if (sum) mergedOut(l, l.out(1), axis, rank, (s) => emit([y, s]));
    else emit([y]);
  });
}

/** `centred`: the mean is taken away first. */
export function rowNorm(
  name: string,
  kernel: string,
  centred: boolean,
  onnx: NonNullable<OpDef<RowNormAttrs>['onnx']>,
): OpDef<RowNormAttrs> {
  return defineOp<RowNormAttrs>({
    name,
    infer(inputs, { axis, sum }) {
      const type = floatAt(inputs, 0);
      checkAxis(axis, type.shape.length);
      for (const i of [1, 2]) {
        const shape = optionalAt(inputs, i)?.shape;
        if (shape) checkSize(`input ${i}`, product(shape), product(type.shape.slice(axis)));
      }
      optionalAt(inputs, 3)?.shape.forEach((d, i) => checkSize(`axis ${i}`, d, type.shape[i]!));
      return sum ? [{ type }, { type }] : [{ type }];
    },
    eval: (inputs, attrs) => evaluate(centred, inputs, attrs),
    onnx,
    permute({ attrs, inputs }, from, perm) {
      if (from === 1 || from === 2 || perm.some((p, i) => i >= attrs.axis && p !== i)) return null;
      return {
        attrs,
        inputs: inputs.map((_, i) => (i === 0 || i === 3 ? perm : null)),
        outputs: attrs.sum ? [perm, perm] : [perm],
      };
    },
    cost: (node) => elementCost(node, 8),
    lowers: (node) => nativeAs(node, 'float32'),
    lower: ({ attrs }, l) => lowerRows(kernel, attrs, l),
  });
}

/** What an ONNX node gives to `normalised`. */
export interface RowNormInputs {
  readonly x: Value;
  readonly scale?: Value | null | undefined;
  readonly bias?: Value | null | undefined;
  readonly residual?: Value | null | undefined;
}

/**
 * The node of `op`: [normalised, sum]. Scale and bias that are only broadcast to the normalised axes,
 * and a residual that is only broadcast to x, are applied by nodes of their own.
 */
export function normalised(
  op: OpDef<RowNormAttrs>,
  { x, scale, bias, residual }: RowNormInputs,
  axis: number,
  epsilon: number,
): readonly [Value, Value] {
  const behind = shapeOf(x).slice(axis);
  const fits = (v: Value | null | undefined): boolean => !v || sameShape(shapeOf(v), behind);
  const inside = fits(scale) && fits(bias);
  let [s, r] = [x, residual ?? null];
  if (r && !sameShape(shapeOf(r), shapeOf(s))) [s, r] = [plus(s, r), null];
  const operands = [s, inside ? (scale ?? null) : null, inside ? (bias ?? null) : null, r];
  const sum = r !== null;
  const outputs = applyAll(op, { axis, epsilon, sum }, operands, { wanted: [true, sum] });
  let y = outputs[0]!;
  if (!inside && scale) y = times(y, scale);
  if (!inside && bias) y = plus(y, bias);
  return [y, outputs[1] ?? s];
}

/**
 * MaxPool (ONNX) over [N, ...spatial, C]. The optional second output, int64, tells where each maximum
 * (the first one of equals) stands in the same tensor laid out as [N, C, ...spatial].
 */
import { apply, applyAll } from '../ir/build.js';
import { type OnnxNode, type OpDef, defineOp } from '../ir/op.js';
import { type Value, dtypeOf } from '../ir/graph.js';
import { type DType, bytesOf, isInteger, limitsOf } from '../tensor/dtype.js';
import { fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { elementCost } from './effort.js';
import { numericAt } from './facts.js';
import { Cast } from './cast.js';
import { cast, scalarLike } from './formula.js';
import { Where } from './where.js';
import { channelsFirst, channelsLast } from './layout.js';
import {
  type PoolAttrs,
  eachWindow,
  lowerPool,
  permutedPool,
  poolLowers,
  pooledShape,
  readPool,
} from './pooling.js';
import { product } from '../tensor/shape.js';

export interface MaxPoolAttrs extends PoolAttrs {
  /** with the second output: 'row' or 'column' counts the last or the first spatial axis fastest */
  readonly indices: 'none' | 'row' | 'column';
}

/** Suffixes of the kernels that give no places. */
const KERNELS: Readonly<Partial<Record<DType, string>>> = {
  float32: 'f32',
  bfloat16: 'bf16',
  uint8: 'u8',
  int8: 'i8',
};

/** `last`: the image is [N, ...spatial, C] already. */
function build(n: OnnxNode, last: boolean): readonly Value[] {
  const order = n.int('storage_order', 0) === 0 ? 'row' : 'column';
  const attrs: MaxPoolAttrs = { ...readPool(n), indices: n.outputCount > 1 ? order : 'none' };
  const x = n.inputs[0]!;
  const places = attrs.indices !== 'none';
  // these integers are exact in float32, for which there is a kernel
  const narrow =
    isInteger(dtypeOf(x)) && bytesOf(dtypeOf(x)) < 4 && (places || !(dtypeOf(x) in KERNELS));
  const numbers = narrow ? cast(x, 'float32') : x;
  const image = last ? numbers : channelsLast(numbers);
  const wanted = [true, places];
  const outputs = applyAll(MaxPool, attrs, [image], { wanted });
  const [y, ...indices] = last ? outputs : outputs.map(channelsFirst);
  return [cast(y!, dtypeOf(x)), ...indices];
}

/** MaxpoolWithMask: elements where the mask, [1 or N, 1 or C, ...spatial], is 0 do not count. */
function masked(n: OnnxNode): readonly Value[] {
  const [x, mask] = n.inputs as [Value, Value];
  const here = apply(Cast, { to: 'bool' }, [mask]);
  const seen = apply(Where, {}, [here, x, scalarLike(x, LOWEST)]);
  const attrs: MaxPoolAttrs = { ...readPool(n), indices: 'none' };
  return [channelsFirst(apply(MaxPool, attrs, [channelsLast(seen)]))];
}
/** The least finite float32. */
const LOWEST = -3.4028234663852886e38;

/** Element of [N, C, ...spatial] (spatial axes reversed for 'column') that offset `at` of [N, ...spatial, C] is. */
export function firstIndex(at: number, shape: readonly number[], column: boolean): number {
  const channels = shape.at(-1)!;
  let rest = Math.floor(at / channels);
  const spatial = shape.slice(1, -1);
  const place = spatial.map(() => 0);
  for (let i = spatial.length - 1; i >= 0; i--) {
    place[i] = rest % spatial[i]!;
    rest = Math.floor(rest / spatial[i]!);
  }
  const order = spatial.map((_, i) => (column ? spatial.length - 1 - i : i));
  const inside = order.reduce((sum, i) => sum * spatial[i]! + place[i]!, 0);
  return (rest * channels + (at % channels)) * sizeOf(spatial) + inside;
}

export const MaxPool: OpDef<MaxPoolAttrs> = defineOp<MaxPoolAttrs>({
  name: 'MaxPool',
  infer(inputs, attrs) {
    const { dtype, shape } = numericAt(inputs, 0);
    const out = pooledShape(attrs, shape);
    const values = { type: { dtype, shape: out } };
    return attrs.indices === 'none' ? [values] : [values, { type: { dtype: 'int64', shape: out } }];
  },
  eval([t], attrs) {
    const x = toNumbers(t!);
    const shape = pooledShape(attrs, t!.shape) as number[];
    const y = new Float64Array(sizeOf(shape));
    const indices = new Float64Array(y.length);
    const column = attrs.indices === 'column';
    const least = isInteger(t!.dtype) ? limitsOf(t!.dtype)[0] : -Infinity;
    eachWindow(attrs, t!.shape, ({ out, at }) => {
      let best = at[0];
      for (const p of at) if (x[p]! > x[best!]!) best = p;
      y[out] = best === undefined ? least : x[best]!;
      indices[out] = best === undefined ? 0 : firstIndex(best, t!.shape, column);
    });
    const values = fromNumbers(t!.dtype, shape, y);
    return attrs.indices === 'none' ? [values] : [values, fromNumbers('int64', shape, indices)];
  },
  onnx: [
    { type: 'MaxPool', since: 1, build: (n) => build(n, false) },
    { type: 'NhwcMaxPool', since: 1, domain: 'com.microsoft', build: (n) => build(n, true) },
    { type: 'MaxpoolWithMask', since: 1, domain: 'com.microsoft', build: masked },
  ],
  permute: ({ attrs }, _from, perm) =>
    attrs.indices === 'none' ? permutedPool(attrs, perm) : null,
  cost: (node) => elementCost(node, product(node.attrs.kernel)),
  lowers: (node) =>
    node.attrs.indices === 'none'
      ? node.attrs.kernel.length <= 3 && dtypeOf(node.inputs[0]!) in KERNELS
      : poolLowers(node),
  lower(node, l) {
    const { indices } = node.attrs;
    if (indices === 'none') lowerPool(node, l, `max_pool.${KERNELS[dtypeOf(node.inputs[0]!)]!}`);
    else lowerPool(node, l, 'max_pool_indices.f32', { column: indices === 'column' ? 1 : 0 });
  },
});

/** OneHotEncoder (ONNX): a new last axis with 1 at the place of the category. */
import { apply } from '../ir/build.js';
import { raise } from '../errors.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OnnxNode, type OpDef, defineOp, typeError } from '../ir/op.js';
import { fromNumbers, tensor } from '../tensor/tensor.js';
import { type Weight, tensorOf, weightOf } from '../tensor/weight.js';
import { constant } from '../ir/build.js';
import { tensorAt } from './facts.js';
import { Equal } from './equal.js';
import { badAttribute } from './forest-read.js';
import { cast } from './formula.js';
import { Unsqueeze } from './unsqueeze.js';

export interface OneHotEncoderAttrs {
  /** of the input's type: strings, or int64 */
  readonly categories: Weight;
  /** what is no category gives zeros, not an error */
  readonly zeros: boolean;
}

function build(n: OnnxNode): Value[] {
  const given = n.inputs[0]!;
  const strings = dtypeOf(given) === 'string';
  const list = strings ? n.strings('cats_strings', []) : n.bigints('cats_int64s', []);
  if (list.length === 0)
    badAttribute(n, strings ? 'cats_strings' : 'cats_int64s', 'categories', 'none');
  const categories = weightOf(
    strings
      ? tensor('string', [list.length], list as string[])
      : tensor('int64', [list.length], BigInt64Array.from(list as bigint[])),
  );
  const zeros = n.int('zeros', 1) !== 0;
  const x = strings ? given : cast(given, 'int64');
  if (strings || !zeros) return [apply(OneHotEncoder, { categories, zeros }, [x])];
  const wide = apply(Unsqueeze, { axes: [shapeOf(x).length] }, [x]);
  return [cast(apply(Equal, {}, [wide, constant(categories)]), 'float32')];
}

export const OneHotEncoder: OpDef<OneHotEncoderAttrs> = defineOp<OneHotEncoderAttrs>({
  name: 'OneHotEncoder',
  infer(inputs, { categories }) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (dtype !== categories.dtype) typeError(`expected ${categories.dtype}, got ${dtype}`);
    return [{ type: { dtype: 'float32', shape: [...shape, categories.shape[0]!] } }];
  },
  eval([x], { categories, zeros }) {
    const list = Array.from(tensorOf(categories).data as ArrayLike<unknown>);
    const place = new Map(list.map((c, i) => [c, i]));
    const out = new Float32Array(x!.data.length * list.length);
    Array.from(x!.data as ArrayLike<unknown>).forEach((c, i) => {
      const at = place.get(c);
      if (at !== undefined) out[i * list.length + at] = 1;
      else if (!zeros)
        raise('HAIO_E_DATA', { node: '', op: 'OneHotEncoder', reason: `no category ${String(c)}` });
    });
    return [fromNumbers('float32', [...x!.shape, list.length], out)];
  },
  onnx: [{ type: 'OneHotEncoder', domain: 'ai.onnx.ml', since: 1, build }],
});

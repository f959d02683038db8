/** DictVectorizer (ONNX): the value of each word of a vocabulary in a map, 0 or '' where it is none. */
import { type OnnxNode, defineOp, typeError } from '../ir/op.js';
import { apply } from '../ir/build.js';
import type { Value } from '../ir/graph.js';
import type { OpDef } from '../ir/op.js';
import type { DType } from '../tensor/dtype.js';
import type { MapKey } from '../tensor/map.js';
import { tensor } from '../tensor/tensor.js';
import { badAttribute } from './forest-read.js';
import { mapAt, mapIn } from './maps.js';
import { filled, room } from './moving.js';

export interface DictVectorizerAttrs {
  readonly vocabulary: readonly MapKey[];
  /** of the values */
  readonly dtype: DType;
}

function build(n: OnnxNode): Value[] {
  const words = n.strings('string_vocabulary', []);
  const vocabulary = words.length > 0 ? words : n.bigints('int64_vocabulary', []);
  if (vocabulary.length === 0) badAttribute(n, 'string_vocabulary', 'words', 'none');
  const [, dtype] = mapAt([n.inputs[0]?.fact ?? null], 0);
  return [apply(DictVectorizer, { vocabulary, dtype }, [n.inputs[0]!])];
}

export const DictVectorizer: OpDef<DictVectorizerAttrs> = defineOp<DictVectorizerAttrs>({
  name: 'DictVectorizer',
  infer(inputs, { vocabulary, dtype }) {
    const [key] = mapAt(inputs, 0);
    if ((key === 'string') !== (typeof vocabulary[0] === 'string'))
      typeError(`the vocabulary has no ${key}`);
    return [{ type: { dtype, shape: [1, vocabulary.length] } }];
  },
  eval([x], { vocabulary, dtype }) {
    const map = mapIn(x);
    const like = tensor(dtype, [0], []);
    const data = room(like, vocabulary.length);
    vocabulary.forEach((word, i) => {
      const v = map.get(word);
      if (v !== undefined) data[i] = v;
    });
    return [filled(like, [1, vocabulary.length], data)];
  },
  onnx: [{ type: 'DictVectorizer', domain: 'ai.onnx.ml', since: 1, build }],
});

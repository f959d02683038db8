/** StringNormalizer (ONNX): strings without stopwords, in one case. */
import { raise } from '../errors.js';
import { type OnnxNode, defineOp, shapeError, typeError } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import type { Tensor } from '../tensor/tensor.js';
import { tensorAt } from './facts.js';

const ACTIONS = ['NONE', 'LOWER', 'UPPER'] as const;

export interface StringNormalizerAttrs {
  readonly action: (typeof ACTIONS)[number];
  readonly caseSensitive: boolean;
  readonly stopwords: readonly string[];
}

function read(n: OnnxNode): StringNormalizerAttrs {
  const got = n.string('case_change_action', 'NONE');
  const action =
    ACTIONS.find((a) => a === got) ??
    raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: 'case_change_action',
      expected: "'NONE', 'LOWER' or 'UPPER'",
      got,
    });
  return {
    action,
    caseSensitive: n.int('is_case_sensitive', 0) !== 0,
    stopwords: n.strings('stopwords', []),
  };
}

/** Input: strings [C] or [1, C]. Where none is left, the output is one empty string. */
export const StringNormalizer = defineOp<StringNormalizerAttrs>({
  name: 'StringNormalizer',
  infer(inputs, { stopwords }, ctx) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (dtype !== 'string') typeError(`expected strings, got ${dtype}`);
    const rows = shape.length === 1 ? 1 : shape[0];
    if (shape.length < 1 || shape.length > 2 || (typeof rows === 'number' && rows !== 1))
      shapeError('expected [C] or [1, C]');
    const last = shape.at(-1)!;
    const count = stopwords.length > 0 ? ctx.fresh('kept') : D.max(last, 1);
    return [{ type: { dtype, shape: [...shape.slice(0, -1), count] } }];
  },
  eval([x], { action, caseSensitive, stopwords }) {
    const key = (s: string): string => (caseSensitive ? s : s.toLowerCase());
    const stop = new Set(stopwords.map(key));
    const kept = (x!.data as readonly string[]).filter((s) => !stop.has(key(s)));
    const data =
      action === 'NONE'
        ? kept
        : kept.map((s) => (action === 'LOWER' ? s.toLowerCase() : s.toUpperCase()));
    if (data.length === 0) data.push('');
    const shape = x!.shape.length === 1 ? [data.length] : [1, data.length];
    return [{ dtype: 'string', shape, data } satisfies Tensor];
  },
  onnx: [{ type: 'StringNormalizer', since: 10, read }],
});

/** StringSplit (ONNX): the parts of strings between delimiters, and how many each has. */
import { defineOp, typeError } from '../ir/op.js';
import { fromNumbers } from '../tensor/tensor.js';
import { tensorAt } from './facts.js';

export interface StringSplitAttrs {
  /** '': runs of white space, and none at the ends */
  readonly delimiter: string;
  /** most cuts; what is left is the last part */
  readonly most: number;
}

const SPACE = /\p{White_Space}+/u;

function partsOf(text: string, { delimiter, most }: StringSplitAttrs): string[] {
  const parts: string[] = [];
  let rest = text;
  if (delimiter === '') rest = rest.replace(new RegExp(`^${SPACE.source}`, 'u'), '');
  const cut = (): { readonly at: number; readonly length: number } | null => {
    if (delimiter !== '') {
      const at = rest.indexOf(delimiter);
      return at < 0 ? null : { at, length: delimiter.length };
    }
    const found = SPACE.exec(rest);
    return found && { at: found.index, length: found[0].length };
  };
  for (let c = cut(); c && parts.length < most; c = cut()) {
    parts.push(rest.slice(0, c.at));
    rest = rest.slice(c.at + c.length);
  }
  if (delimiter !== '' || rest !== '') parts.push(rest);
  return parts;
}

/** Outputs: the parts [..., most parts], filled up with '', and their numbers. */
export const StringSplit = defineOp<StringSplitAttrs>({
  name: 'StringSplit',
  infer(inputs, _, ctx) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (dtype !== 'string') typeError(`expected strings, got ${dtype}`);
    return [
      { type: { dtype, shape: [...shape, ctx.fresh('parts')] } },
      { type: { dtype: 'int64', shape } },
    ];
  },
  eval([x], attrs) {
    const lists = (x!.data as readonly string[]).map((s) => partsOf(s, attrs));
    const width = Math.max(0, ...lists.map((l) => l.length));
    const data = lists.flatMap((l) => [...l, ...new Array<string>(width - l.length).fill('')]);
    return [
      { dtype: 'string', shape: [...x!.shape, width], data },
      fromNumbers(
        'int64',
        x!.shape,
        lists.map((l) => l.length),
      ),
    ];
  },
  onnx: [
    {
      type: 'StringSplit',
      since: 20,
      read: (n) => ({
        delimiter: n.string('delimiter', ''),
        most: n.has('maxsplit') && n.int('maxsplit') >= 0 ? n.int('maxsplit') : Infinity,
      }),
    },
  ],
});

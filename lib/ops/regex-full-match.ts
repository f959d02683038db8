/** RegexFullMatch (ONNX): which strings match a pattern as a whole. */
import { raise } from '../errors.js';
import { defineOp, typeError } from '../ir/op.js';
import { tensorAt } from './facts.js';
import { fullMatcher } from './regex.js';

export interface RegexFullMatchAttrs {
  /** in RE2's syntax */
  readonly pattern: string;
}

export const RegexFullMatch = defineOp<RegexFullMatchAttrs>({
  name: 'RegexFullMatch',
  infer(inputs) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (dtype !== 'string') typeError(`expected strings, got ${dtype}`);
    return [{ type: { dtype: 'bool', shape } }];
  },
  eval([x], { pattern }) {
    const matches = fullMatcher(pattern);
    const data = Uint8Array.from((x!.data as readonly string[]).map((s) => Number(matches(s))));
    return [{ dtype: 'bool', shape: x!.shape, data }];
  },
  onnx: [
    {
      type: 'RegexFullMatch',
      since: 20,
      read(n) {
        const pattern = n.string('pattern');
        try {
          fullMatcher(pattern);
        } catch (e) {
          raise('HAIO_E_ATTRIBUTE', {
            node: n.name,
            op: n.type,
            attribute: 'pattern',
            expected: 'a regular expression in the syntax of RE2',
            got: (e as Error).message,
          });
        }
        return { pattern };
      },
    },
  ],
});

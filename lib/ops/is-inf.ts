/** IsInf (ONNX): true where x is an infinity of a wanted sign. */
import { unaryWith } from './elementwise.js';

export const IsInf = unaryWith(
  'IsInf',
  (n) => ({ negative: n.int('detect_negative', 1), positive: n.int('detect_positive', 1) }),
  ({ negative, positive }) =>
    (x) =>
      Number((x === Infinity && positive !== 0) || (x === -Infinity && negative !== 0)),
  { result: () => 'bool' },
);

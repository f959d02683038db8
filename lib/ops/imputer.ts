/** Imputer (ONNX): x, with another value in place of one (of NaN, where that one is NaN). */
import { apply, literal } from '../ir/build.js';
import { dtypeOf } from '../ir/graph.js';
import { isFloat } from '../tensor/dtype.js';
import { Equal } from './equal.js';
import { badAttribute } from './forest-read.js';
import { importOnly, scalarLike } from './formula.js';
import { IsNaN } from './is-nan.js';
import { Where } from './where.js';

export const Imputer = importOnly('Imputer', [
  {
    type: 'Imputer',
    domain: 'ai.onnx.ml',
    since: 1,
    build(n) {
      const x = n.inputs[0]!;
      const dtype = dtypeOf(x);
      const floats = isFloat(dtype);
      const name = floats ? 'imputed_value_floats' : 'imputed_value_int64s';
      const values = floats ? n.floats(name, []) : n.ints(name, []);
      if (values.length === 0) badAttribute(n, name, 'a value', 'none');
      const replaced = floats
        ? n.float('replaced_value_float', 0)
        : n.int('replaced_value_int64', 0);
      const hit = Number.isNaN(replaced)
        ? apply(IsNaN, {}, [x])
        : apply(Equal, {}, [x, scalarLike(x, replaced)]);
      const shape = values.length === 1 ? [] : [values.length];
      return [apply(Where, {}, [hit, literal(dtype, shape, values), x])];
    },
  },
]);

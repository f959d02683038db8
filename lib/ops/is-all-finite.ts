/** IsAllFinite (com.microsoft): one bool for all inputs: no element is infinite or NaN. */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { And } from './and.js';
import { cast, importOnly } from './formula.js';
import { IsInf } from './is-inf.js';
import { IsNaN } from './is-nan.js';
import { Not } from './not.js';
import { Or } from './or.js';
import { ReduceMax } from './reduce-max.js';

function build(n: OnnxNode): Value[] {
  const inf = (x: Value): Value => apply(IsInf, { negative: 1, positive: 1 }, [x]);
  const nan = (x: Value): Value => apply(IsNaN, {}, [x]);
  const bad = (x: Value): Value =>
    n.int('isinf_only', 0) !== 0
      ? inf(x)
      : n.int('isnan_only', 0) !== 0
        ? nan(x)
        : apply(Or, {}, [inf(x), nan(x)]);
  const none = (x: Value): Value => {
    const axes = shapeOf(x).map((_, i) => i);
    const any = apply(ReduceMax, { axes, keepdims: false }, [cast(bad(x), 'float32')]);
    return apply(Not, {}, [cast(any, 'bool')]);
  };
  return [(n.inputs as Value[]).map(none).reduce((a, b) => apply(And, {}, [a, b]))];
}

export const IsAllFinite = importOnly('IsAllFinite', [
  { type: 'IsAllFinite', since: 1, domain: 'com.microsoft', build },
]);

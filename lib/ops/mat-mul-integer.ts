/**
 * MatMulInteger (ONNX): (A − zeroA)·(B − zeroB) in int32, and QLinearMatMul, which scales the sums and
 * quantises them again. Products run in float32 over parts short enough to be exact.
 */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { cast, over, importOnly, times } from './formula.js';
import { MatMul } from './mat-mul.js';
import { centred, exactSum, part } from './quantization.js';
import { requantized } from './quantize-linear.js';
import { pinned } from './facts.js';
import { Unsqueeze } from './unsqueeze.js';

type Parameter = Value | null | undefined;

/** A parameter of the rows of A, [M], as a column; others broadcast as they stand. */
function ofRows(a: Value, v: Value): Value {
  const rows = shapeOf(a).length > 1 && shapeOf(v).length === 1 && shapeOf(v)[0] !== 1;
  return rows ? apply(Unsqueeze, { axes: [1] }, [v]) : v;
}

/** The int32 product without zero points. */
export function integerProduct(a: Value, b: Value, zeroA: Parameter, zeroB: Parameter): Value {
  const left = centred(a, zeroA && ofRows(a, zeroA));
  const right = centred(b, zeroB);
  const depth = pinned(shapeOf(a).at(-1)!);
  const [inner, outer] = [shapeOf(a).length - 1, Math.max(0, shapeOf(b).length - 2)];
  return exactSum(depth, left, right, 1, (from, to) =>
    apply(MatMul, { stages: [] }, [
      part(left.value, inner, from, to, depth),
      part(right.value, outer, from, to, depth),
    ]),
  );
}

export const MatMulInteger = importOnly('MatMulInteger', [
  {
    type: 'MatMulInteger',
    since: 10,
    build: ({ inputs: [a, b, zeroA, zeroB] }) => [integerProduct(a!, b!, zeroA, zeroB)],
  },
  {
    type: 'QLinearMatMul',
    since: 10,
    build({ inputs }) {
      const [a, scaleA, zeroA, b, scaleB, zeroB, scale, zero] = inputs.map((v) => v!);
      const [x, y, z] = [scaleA, scaleB, scale].map((v) => cast(v!, 'float32'));
      const multiplier = over(times(ofRows(a!, x!), y!), z!);
      return [requantized(integerProduct(a!, b!, zeroA, zeroB), multiplier, zero!)];
    },
  },
]);

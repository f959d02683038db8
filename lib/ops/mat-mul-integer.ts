/**
 * MatMulInteger (ONNX): (A − zeroA)·(B − zeroB) in int32 (see integer-product.ts), and QLinearMatMul,
 * which scales the sums and quantises them again. Where zero points have other forms, products run
 * in float32 over parts short enough to be exact.
 */
import { apply } from '../ir/build.js';
import { type Fact, type Node, type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OpDef, defineOp } from '../ir/op.js';
import type { Lowering, Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import { product } from '../tensor/shape.js';
import { elementCost, ranksFit } from './effort.js';
import { evalEpilogue, inferEpilogue } from './epilogue.js';
import { cast, over, times } from './formula.js';
import {
  type IntegerAttrs,
  OWN,
  checkIntegers,
  isOne,
  lessZero,
  scalar,
  stagesLower,
  wrapped,
} from './integer-product.js';
import { MatMul, evalProduct, productOf, productShape, rankOf } from './mat-mul.js';
import { MAX_RANK } from './moving.js';
import { withoutConversions } from './narrow.js';
import { emitNarrow } from './narrow-step.js';
import { centred, exactSum, part } from './quantization.js';
import { requantized } from './quantize-linear.js';
import { pinned, tensorAt } from './facts.js';
import { Unsqueeze } from './unsqueeze.js';

type Parameter = Value | null | undefined;

/** A parameter of the rows of A, [M], as a column; others broadcast as they stand. */
function ofRows(a: Value, v: Value): Value {
  const rows = shapeOf(a).length > 1 && shapeOf(v).length === 1 && shapeOf(v)[0] !== 1;
  return rows ? apply(Unsqueeze, { axes: [1] }, [v]) : v;
}

/** One element, or one for each column of b. */
const ofColumns = (b: Value, zero: Parameter): boolean =>
  isOne(zero) ||
  (shapeOf(b).length > 1 && shapeOf(zero!).length === 1 && shapeOf(zero!)[0] === shapeOf(b).at(-1));

/** The int32 product without zero points. */
export function integerProduct(a: Value, b: Value, zeroA: Parameter, zeroB: Parameter): Value {
  if (isOne(zeroA) && ofColumns(b, zeroB))
    return apply(MatMulInteger, { stages: [] }, [a, b, zeroA ?? null, zeroB ?? null, null]);
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

/** A vector of the columns in the shape of b without k. */
const forColumns = (o: Operand | null, b: Operand, groups: number): Operand | null =>
  o && {
    ...o,
    shape: [...b.shape.slice(0, groups), b.shape.at(-1)!],
    strides: [...b.shape.slice(0, groups).map(() => 0), D.select(D.eq(product(o.shape), 1), 0, 1)],
  };

function lower(node: Node<IntegerAttrs>, l: Lowering): void {
  const types = node.inputs.slice(OWN).map((v) => dtypeOf(v!));
  const spec = productOf(node, l, OWN);
  const { b, out, groups } = spec;
  const [zeroA, zeroB, bias] = [l.optional(2), l.optional(3), l.optional(4)];
  const row = bias && l.dense(bias);
  emitNarrow(l, {
    ...spec,
    format: 'i8',
    stages: withoutConversions(node.attrs.stages, ['int32', ...types]),
    bias: row && {
      ...row,
      shape: out.shape,
      strides: [...out.shape.slice(0, -1).map(() => 0), 1],
    },
    zeroA: scalar(zeroA),
    zeroB: forColumns(zeroB && l.dense(zeroB), b, groups),
  });
}

export const MatMulInteger: OpDef<IntegerAttrs> = defineOp<IntegerAttrs>({
  name: 'MatMulInteger',
  infer(inputs, { stages }, ctx): readonly Fact[] {
    const [a, b] = [tensorAt(inputs, 0), tensorAt(inputs, 1)];
    checkIntegers(inputs, b.shape.length > 1 ? b.shape.at(-1)! : 1);
    const type = { dtype: 'int32', shape: productShape(a.shape, b.shape) } as const;
    return [inferEpilogue(stages, type, inputs.slice(OWN), ctx)];
  },
  eval([a, b, zeroA, zeroB, bias, ...extras], { stages }) {
    const n = b!.shape.length > 1 ? b!.shape.at(-1)! : 1;
    const sums = evalProduct(
      lessZero(a!, zeroA ?? null, () => 0),
      lessZero(b!, zeroB ?? null, (i) => i % n),
    );
    return [evalEpilogue(stages, wrapped(sums, bias ?? null), extras)];
  },
  onnx: [
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
  ],
  cost(node) {
    const k = shapeOf(node.inputs[0]!).at(-1)!;
    const { bytes } = elementCost(node, 0);
    return { flops: D.mul(D.mul(2, k), product(shapeOf(node.outputs[0]!))), bytes };
  },
  lowers: (node) => ranksFit(node) && rankOf(node) <= MAX_RANK && stagesLower(node),
  lower,
});

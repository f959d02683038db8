/**
 * MoE and QMoE of com.microsoft: each token's best experts, two products with an activation between them
 * (Shazeer et al., 2017), summed by the weights of a router. All experts are computed for all tokens; those a
 * token has not chosen count zero.
 */
import { raise } from '../errors.js';
import { apply, applyAll } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OnnxNode, typeError } from '../ir/op.js';
import * as D from '../tensor/dim.js';
import { cut, every, expanded, joined, parted, transposed, unsqueezed } from './arrange.js';
import { Clip } from './clip.js';
import { unpacked } from './bits.js';
import { pinned } from './facts.js';
import { cast, importOnly, over, plus, scalarLike, times } from './formula.js';
import { Gelu } from './gelu.js';
import { MatMul } from './mat-mul.js';
import { MatMulNBits } from './mat-mul-n-bits.js';
import { ReduceSum } from './reduce-sum.js';
import { Relu } from './relu.js';
import { reshaped } from './reshape.js';
import { ScatterElements } from './scatter-elements.js';
import { Sigmoid } from './sigmoid.js';
import { Silu } from './silu.js';
import { int64s } from './sizes.js';
import { Softmax } from './softmax.js';
import { TopK } from './top-k.js';

type Input = Value | null | undefined;
/** x [1 or E, T, K] times the experts' matrices, and their biases, [E, T, N]. */
type Layer = (x: Value) => Value;

function choice<T>(
  n: OnnxNode,
  attribute: string,
  got: string,
  table: Readonly<Record<string, T>>,
): T {
  const expected = Object.keys(table).join(', ');
  if (Object.hasOwn(table, got)) return table[got]!;
  return raise('HAIO_E_ATTRIBUTE', { node: n.name, op: n.type, attribute, expected, got });
}

const plain: Readonly<Record<string, (x: Value) => Value>> = {
  relu: (x) => apply(Relu, {}, [x]),
  gelu: (x) => apply(Gelu, { approximate: 'tanh' }, [x]),
  silu: (x) => apply(Silu, {}, [x]),
  identity: (x) => x,
  swiglu: (x) => x,
};

/** G · sigmoid(α · G) · (L + β) of the gate and the linear part, both limited. */
function gated(n: OnnxNode, gate: Value, linear: Value): Value {
  const hi = n.float('swiglu_limit', Infinity);
  const limited = (x: Value, lo: number): Value =>
    hi === Infinity ? x : apply(Clip, { lo, hi }, [x]);
  const [g, l] = [limited(gate, -Infinity), limited(linear, -hi)];
  const swish = times(g, apply(Sigmoid, {}, [times(g, n.float('activation_alpha', 1))]));
  return times(swish, plus(l, n.float('activation_beta', 0)));
}

/** What stands between the products. */
function activated(n: OnnxNode, x: Value, y: Value, third: Layer | null): Value {
  const name = n.string('activation_type', 'relu');
  const act = choice(n, 'activation_type', name, plain);
  if (name !== 'swiglu') return third ? times(act(y), third(x)) : act(y);
  if (third) return gated(n, y, third(x));
  const [gate, linear] =
    n.int('swiglu_fusion', 0) === 2 ? parted(y, 2, 2) : [every(y, 2, 0, 2), every(y, 2, 1, 2)];
  return gated(n, gate!, linear!);
}

/** Weights of the experts, [T, E]: those of the best k, as they are or so that they sum to 1. */
function routed(n: OnnxNode, router: Value, weights: Input): Value {
  if (n.int('use_sparse_mixer', 0) !== 0)
    raise('HAIO_E_UNSUPPORTED', { list: `${n.type} ('${n.name}') with a sparse mixer` });
  const scores = weights ? router : apply(Softmax, { axis: 1 }, [router]);
  const wanted = [true, true];
  const k = int64s([n.int('k', 1)]);
  const [best, at] = applyAll(TopK, { axis: 1, largest: true }, [scores, k], { wanted });
  const none = expanded(scalarLike(scores, 0), shapeOf(scores));
  const put = (base: Value, values: Value): Value =>
    apply(ScatterElements, { axis: 1, reduction: 'none' }, [base, at!, values]);
  const chosen = weights
    ? times(weights, put(none, expanded(scalarLike(scores, 1), shapeOf(best!))))
    : put(none, best!);
  if (n.int('normalize_routing_weights', 0) === 0) return chosen;
  return over(chosen, apply(ReduceSum, { axes: [1], keepdims: true }, [chosen]));
}

/** Layers: before the activation, behind it, and beside the first where there is one. */
function mixed(
  n: OnnxNode,
  layers: readonly [Layer, Layer, Layer | null],
  weights: Input,
): Value[] {
  const [x, router] = n.inputs as [Value, Value];
  const shape = shapeOf(x);
  const tokens = cast(reshaped(x, [1, shape.slice(0, -1).reduce(D.mul), shape.at(-1)!]), 'float32');
  const [first, second, third] = layers;
  const y = second(activated(n, tokens, first(tokens), third));
  const float = (v: Input): Input => v && cast(v, 'float32');
  const share = unsqueezed(transposed(routed(n, float(router)!, float(weights)), 1, 0), 2);
  const sum = apply(ReduceSum, { axes: [0], keepdims: false }, [times(y, share)]);
  return [cast(reshaped(sum, shape), dtypeOf(x))];
}

/** Matrices [E, N, K] of floats. */
function dense(weight: Input, bias: Input): Layer | null {
  if (!weight) return null;
  const turned = transposed(cast(weight, 'float32'), 0, 2, 1);
  return (x) => {
    const y = apply(MatMul, { stages: [] }, [x, turned]);
    return bias ? plus(y, unsqueezed(cast(bias, 'float32'), 1)) : y;
  };
}

interface Quantized {
  /** uint8 [E, N, K / pack] */
  readonly weight: Input;
  /** [E, N] or [E, N, K / block] */
  readonly scale: Input;
  readonly bias: Input;
  readonly zero: Input;
}

/** Blocks of at most so many elements, where a whole row has one scale. */
const BLOCK = 32;

/** Matrices of `bits` bits: a product for each expert. */
function narrow(n: OnnxNode, { weight, scale, bias, zero }: Quantized): Layer | null {
  if (!weight || !scale) return null;
  const bits = choice(n, 'expert_weight_bits', String(n.int('expert_weight_bits', 4)), {
    '2': 2,
    '4': 4,
    '8': 8,
  } as const);
  const [experts, rows, bytes] = shapeOf(weight).map(pinned) as [number, number, number];
  const k = (bytes * 8) / bits;
  const whole = shapeOf(scale).length === 2;
  const given = whole ? k : Math.floor(k / pinned(shapeOf(scale)[2]!));
  const block = whole && k % BLOCK === 0 ? BLOCK : given;
  const blocks = Math.ceil(k / block);
  const spread = (v: Value): Value =>
    whole ? expanded(unsqueezed(v, 2), [experts, rows, blocks]) : v;
  const scales = spread(cast(scale, 'float32'));
  const zeros =
    zero && spread(zeroPoints(zero, bits, whole ? [experts, rows] : [experts, rows, blocks]));
  const one = (v: Value, i: number): Value => reshaped(cut(v, 0, i, i + 1), shapeOf(v).slice(1));
  return (x) => {
    const each = Array.from({ length: experts }, (_, i) => {
      const own = shapeOf(x)[0] === 1 ? x : cut(x, 0, i, i + 1);
      const inputs = [own, one(weight, i), one(scales, i), zeros ? one(zeros, i) : null];
      const shift = bias ? one(cast(bias, 'float32'), i) : null;
      return apply(MatMulNBits, { bits, block, n: rows }, [...inputs, shift]);
    });
    return joined(0, ...each);
  };
}

/** Zero points as float32 of `shape`; their last axis is packed. */
function zeroPoints(zero: Value, bits: 2 | 4 | 8, shape: readonly number[]): Value {
  const bytes = Math.ceil((shape.at(-1)! * bits) / 8);
  const lines = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const wide = cast(unpacked(reshaped(zero, [lines, bytes]), bits), 'float32');
  return reshaped(cut(wide, 1, 0, shape.at(-1)!), shape);
}

function moe(n: OnnxNode): Value[] {
  const [, , w1, b1, w2, b2, w3, b3] = n.inputs;
  return mixed(n, [dense(w1, b1)!, dense(w2, b2)!, dense(w3, b3)], null);
}

function quantizedMoe(n: OnnxNode): Value[] {
  if (n.string('quant_type', 'int') !== 'int')
    raise('HAIO_E_UNSUPPORTED', { list: `${n.type} ('${n.name}') with weights of small floats` });
  const [, , w1, s1, b1, w2, s2, b2, w3, s3, b3, z1, z2, z3, weights] = n.inputs;
  const layers = [
    narrow(n, { weight: w1, scale: s1, bias: b1, zero: z1 }),
    narrow(n, { weight: w2, scale: s2, bias: b2, zero: z2 }),
    narrow(n, { weight: w3, scale: s3, bias: b3, zero: z3 }),
  ] as const;
  const [first, second, third] = layers;
  if (!first || !second) typeError('weights without scales');
  return mixed(n, [first, second, third], weights);
}

const domain = 'com.microsoft';

export const MoE = importOnly('MoE', [
  { type: 'MoE', since: 1, domain, build: moe },
  { type: 'QMoE', since: 1, domain, build: quantizedMoe },
]);

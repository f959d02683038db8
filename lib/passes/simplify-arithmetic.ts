/** The algebra of element-wise arithmetic: neutral elements, powers, constants that meet. */
import { apply, constant as constantValue, constantTensor } from '../ir/build.js';
import { evalValues } from '../ir/eval.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { type OpDef, isOp } from '../ir/op.js';
import { any, constant, lit, pat, scalarOf } from '../ir/pattern.js';
import { type Rule, nodeRule, rule } from '../ir/rewrite.js';
import { Add } from '../ops/add.js';
import { Cast } from '../ops/cast.js';
import { Div } from '../ops/div.js';
import type { NoAttrs } from '../ops/elementwise.js';
import { minus, plus, times } from '../ops/formula.js';
import { Mul } from '../ops/mul.js';
import { Neg } from '../ops/neg.js';
import { Not } from '../ops/not.js';
import { Pow } from '../ops/pow.js';
import { Reciprocal } from '../ops/reciprocal.js';
import { Sqrt } from '../ops/sqrt.js';
import { Sub } from '../ops/sub.js';
import { Where } from '../ops/where.js';
import { type DType, bytesOf, isFloat, kindOf } from '../tensor/dtype.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { type Weight, weightOf } from '../tensor/weight.js';

/** Constants of at most so many elements are looked through or computed with. */
const SMALL = 1 << 14;
const SPLAT = 4096;

const splats = new WeakMap<Weight, number | null>();

/** The number that all elements of a constant are, else null. */
export function splatOf(v: Value | null): number | null {
  if (!v?.weight) return scalarOf(v);
  let splat = splats.get(v.weight);
  if (splat === undefined) splats.set(v.weight, (splat = readSplat(v, sizeOf(v.weight.shape))));
  return splat;
}

function readSplat(v: Value, count: number): number | null {
  if (count === 0 || count > SPLAT || kindOf(dtypeOf(v)) === 'string') return null;
  const t = constantTensor(v)!;
  const data = t.data as ArrayLike<unknown>;
  for (let i = 1; i < count; i++) if (data[i] !== data[0]) return null;
  return toNumbers({ ...t, data: (t.data as Float32Array).subarray(0, 1) })[0]!;
}

/** A constant of f(elements), or null where one of them is not a usable number. */
function mapConstant(v: Value, f: (x: number) => number): Value | null {
  if (!v.weight || !isFloat(dtypeOf(v)) || sizeOf(v.weight.shape) > SMALL) return null;
  const t: Tensor = constantTensor(v)!;
  const result = fromNumbers(t.dtype, t.shape, toNumbers(t).map(f));
  return toNumbers(result).every((x) => Number.isFinite(x) && x !== 0)
    ? constantValue(weightOf(result))
    : null;
}

/** x op neutral = x; the engine refuses where x would have to be broadcast or converted. */
const neutral = (name: string, op: OpDef<NoAttrs>, element: number, left = false): Rule =>
  nodeRule(name, [op], ({ inputs }) => {
    if (splatOf(inputs[1]!) === element) return inputs[0]!;
    return left && splatOf(inputs[0]!) === element ? inputs[1]! : null;
  });

/** (x op a) op b = x op (a op b) for constants a and b of a float type, where a op b is in its range. */
const joined = (name: string, op: OpDef<NoAttrs>): Rule =>
  rule(name, pat(op, pat(op, any('x'), constant('a')), constant('b')), ({ x, a, b }) => {
    const both = apply(op, {}, [a, b]);
    if (!isFloat(dtypeOf(x)) || sizeOf(shapeOf(both) as number[]) > SMALL) return null;
    const [c] = evalValues([both], new Map()) as [Tensor];
    const usable = toNumbers(c).every((y) => Number.isFinite(y) && (y !== 0 || op === Add));
    return usable
      ? apply(op, {}, [x, constantValue(weightOf(c))])
      : 'the constants leave the range';
  });

/** True when every value of `from` is one of `to`. */
function widens(from: DType, to: DType): boolean {
  if (from === to) return true;
  const [a, b] = [kindOf(from), kindOf(to)];
  const wider = bytesOf(to) > bytesOf(from);
  if (a === 'bool') return b !== 'string' && b !== 'bool';
  if (a === 'float') return b === 'float' && wider;
  if (b === 'float')
    return bytesOf(from) < 4 ? bytesOf(to) >= 4 : from.endsWith('32') && to === 'float64';
  return wider && (b === 'signed' || a === b);
}

export const ARITHMETIC_RULES: readonly Rule[] = [
  neutral('times-one', Mul, 1, true),
  neutral('over-one', Div, 1),
  neutral('plus-zero', Add, 0, true),
  neutral('minus-zero', Sub, 0),

  rule('power-1', pat(Pow, any('x'), lit(1)), ({ x }) => x),
  rule('square', pat(Pow, any('x'), lit(2)), ({ x }) => times(x, x)),
  rule('cube', pat(Pow, any('x'), lit(3)), ({ x }) => times(x, times(x, x))),
  rule('square-root', pat(Pow, any('x'), lit(0.5)), ({ x }) => apply(Sqrt, {}, [x])),
  rule('inverse', pat(Pow, any('x'), lit(-1)), ({ x }) => apply(Reciprocal, {}, [x])),
  rule('inverse-root', pat(Pow, any('x'), lit(-0.5)), ({ x }) =>
    apply(Reciprocal, {}, [apply(Sqrt, {}, [x])]),
  ),

  // one rounding more than the division: at most one unit in the last place
  nodeRule('times-reciprocal', [Div], ({ inputs }) => {
    const c = mapConstant(inputs[1]!, (x) => 1 / x);
    return c && times(inputs[0]!, c);
  }),
  rule('reciprocal', pat(Div, lit(1), any('x')), ({ x }) =>
    isFloat(dtypeOf(x)) ? apply(Reciprocal, {}, [x]) : null,
  ),
  rule('over', pat(Mul, any('x'), pat(Reciprocal, any('y'))), ({ x, y }) => apply(Div, {}, [x, y])),
  nodeRule('plus-negative', [Sub], ({ inputs }) => {
    const c = mapConstant(inputs[1]!, (x) => -x);
    return c && plus(inputs[0]!, c);
  }),
  rule('minus', pat(Add, any('x'), pat(Neg, any('y'))), ({ x, y }) => minus(x, y)),
  joined('factors', Mul),
  joined('summands', Add),

  rule('not-not', pat(Not, pat(Not, any('x'))), ({ x }) => x, { shared: true }),
  rule('neg-neg', pat(Neg, pat(Neg, any('x'))), ({ x }) => x, { shared: true }),
  nodeRule('where', [Where], ({ inputs }) => {
    const c = splatOf(inputs[0]!);
    return c === null ? null : c !== 0 ? inputs[1]! : inputs[2]!;
  }),

  nodeRule('cast', [Cast], (node) => {
    const x = node.inputs[0]!;
    const to = dtypeOf(node.outputs[0]!);
    if (dtypeOf(x) === to) return x;
    if (!isOp(x.node, Cast)) return null;
    // a first Cast that loses nothing is not needed
    const start = x.node.inputs[0]!;
    if (!widens(dtypeOf(start), dtypeOf(x))) return null;
    return dtypeOf(start) === to ? start : apply(Cast, node.attrs as typeof x.node.attrs, [start]);
  }),
];

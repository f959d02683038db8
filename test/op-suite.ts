/**
 * Compares kernels with `eval`: a case is one node, compiled in several forms, run on every ISA that
 * this machine has. Cases stand in test/cases/*.ts.
 */
import assert from 'node:assert/strict';
import { applyAll, constant } from '../lib/ir/build.js';
import { evalGraph } from '../lib/ir/eval.js';
import { type Graph, type Value, input } from '../lib/ir/graph.js';
import { type OpDef, PinRequest, defineOp } from '../lib/ir/op.js';
import type { Operand } from '../lib/ir/step.js';
import type { Addon } from '../lib/native/types.js';
import { copyTo, strided } from '../lib/ops/moving.js';
import { buildModel } from '../lib/plan/build.js';
import { openModel } from '../lib/plan/decode.js';
import * as D from '../lib/tensor/dim.js';
import type { Dim } from '../lib/tensor/dim.js';
import { type DType, bytesOf, isFloat } from '../lib/tensor/dtype.js';
import { denseStrides } from '../lib/tensor/shape.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../lib/tensor/tensor.js';
import { weightOf } from '../lib/tensor/weight.js';
import { runPlan } from './run-plan.js';

export interface CaseInput {
  readonly shape: readonly number[];
  /** default float32 */
  readonly dtype?: DType;
  /** elements are drawn from here; default −2…2 for floats, −9…9 for integers (0…9 unsigned), any bool */
  readonly range?: readonly [number, number];
  /** the elements instead; shorter lists repeat */
  readonly values?: readonly number[];
  /** always a constant of the model (else: a graph input) */
  readonly constant?: boolean;
  /** the tensor itself: shape and all else say nothing */
  readonly tensor?: Tensor;
}

/** A constant of a case. */
export const constantInput = (tensor: Tensor): CaseInput => ({
  shape: tensor.shape,
  dtype: tensor.dtype,
  tensor,
  constant: true,
});

export interface OpCase<A = unknown> {
  readonly op: OpDef<A>;
  readonly attrs: A;
  readonly inputs: readonly (CaseInput | null)[];
  /** what tells it from the op's other cases */
  readonly name?: string;
  /** number of outputs to ask for; default 1 */
  readonly outputs?: number;
  /** |got − expected| ≤ atol + rtol·|expected|; defaults 1e-5 and 1e-6; integers must be equal */
  readonly rtol?: number;
  readonly atol?: number;
  /** the node has no kernel for these types: it must become a host node */
  readonly host?: boolean;
}

/** Checks the attributes' type where a case is written. */
export const opCase = <A>(c: OpCase<A>): OpCase => c;

/** xorshift32 in 0…1 */
function* dice(seed: number): Generator<number, never> {
  for (let x = seed * 2654435761 + 1; ;) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    yield (x >>> 0) / 2 ** 32;
  }
}

function tensorFor(c: CaseInput, seed: number): Tensor {
  if (c.tensor) return c.tensor;
  const { shape, dtype = 'float32', values } = c;
  const float = isFloat(dtype);
  const least = dtype === 'bool' || dtype.startsWith('u') ? 0 : float ? -2 : -9;
  const [low, high] = c.range ?? [least, dtype === 'bool' ? 1 : float ? 2 : 9];
  const random = dice(seed + 1);
  const draw = (): number => {
    const x = random.next().value;
    return float ? low + x * (high - low) : low + Math.floor(x * (high - low + 1));
  };
  const numbers = Array.from({ length: sizeOf(shape) }, (_, i) =>
    values ? values[i % values.length]! : draw(),
  );
  return fromNumbers(dtype, shape, numbers);
}

/** The middle of x: without the first and the last two along each axis. A view. */
const Window = defineOp<object>({
  name: 'TestWindow',
  infer: ([x]) => {
    const { dtype, shape } = x!.type as { dtype: DType; shape: readonly Dim[] };
    return [{ type: { dtype, shape: shape.map((d) => D.sub(d, 3)) } }];
  },
  eval([x]) {
    const strides = denseStrides(x!.shape) as number[];
    const first = strides.reduce((a, b) => a + b, 0);
    return [
      strided(
        x!,
        x!.shape.map((d) => d - 3),
        strides,
        first,
      ),
    ];
  },
  view: (_, source) => [
    {
      ...source,
      shape: source.shape.map((d) => D.sub(d, 3)),
      offset: source.strides.reduce((a, b) => D.add(a, b), source.offset),
    },
  ],
  lower: () => assert.fail('a view'),
});

/** What Window undoes: x inside a tensor with one element before and two behind along each axis. */
const framed = (x: Operand['shape']): Dim[] => x.map((d) => D.add(d, 3));
const inside = (out: Operand): Operand => ({
  ...out,
  shape: out.shape.map((d) => D.sub(d, 3)),
  offset: out.strides.reduce((a, b) => D.add(a, b), out.offset),
});
const Frame = defineOp<object>({
  name: 'TestFrame',
  infer: ([x]) => {
    const { dtype, shape } = x!.type as { dtype: DType; shape: readonly Dim[] };
    return [{ type: { dtype, shape: framed(shape) } }];
  },
  parts: (_, out) => [inside(out)],
  lower: (_, l) => copyTo(l, l.in(0), inside(l.out())),
});

/** dense: as it is. strided: inputs are parts of larger tensors, so are outputs. symbolic: no size is known. */
const FORMS = ['dense', 'strided', 'symbolic'] as const;
type Form = (typeof FORMS)[number];

interface Problem {
  readonly graph: Graph;
  readonly feeds: readonly Tensor[];
}

/** The tensor with a border of ones around it, as Window's input. */
function bordered(t: Tensor): Tensor {
  const shape = t.shape.map((d) => d + 3);
  const strides = denseStrides(shape) as number[];
  const out = fromNumbers(t.dtype, shape, new Array<number>(sizeOf(shape)).fill(1));
  const data = out.data as unknown as unknown[];
  const index = new Array<number>(t.shape.length).fill(0);
  for (const x of t.data) {
    data[index.reduce((at, d, i) => at + (d + 1) * strides[i]!, 0)] = x;
    for (let a = index.length - 1; a >= 0; a--) {
      if (++index[a]! < t.shape[a]!) break;
      index[a] = 0;
    }
  }
  return out;
}

function problemOf(c: OpCase, form: Form, tensors: readonly (Tensor | null)[]): Problem {
  const inputs: Value[] = [];
  const feeds: Tensor[] = [];
  const symbols = new Map<number, Dim>();
  const symbol = (d: number): Dim => {
    let s = symbols.get(d);
    if (s === undefined) symbols.set(d, (s = D.symbolDim(D.newSymbol(`d${d}`, { typical: d }))));
    return s;
  };
  const operands = c.inputs.map((spec, i): Value | null => {
    const t = tensors[i];
    if (!spec || !t) return null;
    if (spec.constant) return constant(weightOf(t), `in${i}`);
    const inner = form === 'strided' && t.shape.length > 0;
    const fed = inner ? bordered(t) : t;
    const shape = form === 'symbolic' ? fed.shape.map(symbol) : fed.shape;
    const value = input(`in${i}`, { dtype: t.dtype, shape });
    inputs.push(value);
    feeds.push(fed);
    return inner ? applyAll(Window, {}, [value])[0]! : value;
  });
  const wanted = new Array<boolean>(c.outputs ?? 1).fill(true);
  const results = applyAll(c.op, c.attrs, operands, { wanted, origin: ['node'] });
  const outputs = results.slice(0, wanted.length).map((v) => {
    const rank = (v.fact.type as { shape: readonly Dim[] }).shape.length;
    if (form !== 'strided' || rank === 0) return v;
    return applyAll(Window, {}, applyAll(Frame, {}, [v]))[0]!;
  });
  return { graph: { inputs, outputs, outputNames: outputs.map((_, i) => `y${i}`) }, feeds };
}

function compare(c: OpCase, got: Tensor, expected: Tensor): void {
  assert.equal(got.dtype, expected.dtype);
  assert.deepEqual(got.shape, expected.shape);
  const exact = !isFloat(got.dtype);
  const half = bytesOf(got.dtype) === 2;
  const { rtol = half ? 1e-2 : 1e-5, atol = half ? 1e-3 : 1e-6 } = c;
  if (exact) return assert.deepEqual([...got.data], [...expected.data]);
  const [a, b] = [toNumbers(got), toNumbers(expected)];
  const i = a.findIndex((x, k) => {
    const y = b[k]!;
    return !Object.is(x, y) && x !== y && !(Math.abs(x - y) <= atol + rtol * Math.abs(y));
  });
  if (i >= 0) assert.fail(`element ${i} of [${got.shape.join()}]: got ${a[i]!}, expected ${b[i]!}`);
}

/** Mocha tests of the cases on each of the ISAs. */
export function opSuite(addon: Addon, isas: readonly string[], cases: readonly OpCase[]): void {
  const numbers = new Map<string, number>();
  for (const c of cases) {
    const n = (numbers.get(c.op.name) ?? 0) + 1;
    numbers.set(c.op.name, n);
    it(`${c.op.name} ${c.name ?? n}`, () => {
      const tensors = c.inputs.map((spec, i) => spec && tensorFor(spec, i + 17 * n));
      const dense = problemOf(c, 'dense', tensors);
      const expected = evalGraph(dense.graph, dense.feeds);
      for (const form of FORMS) runForm(addon, isas, c, form, tensors, expected);
    });
  }
}

function runForm(
  addon: Addon,
  isas: readonly string[],
  c: OpCase,
  form: Form,
  tensors: readonly (Tensor | null)[],
  expected: readonly Tensor[],
): void {
  let problem: Problem;
  try {
    problem = problemOf(c, form, tensors);
  } catch (e) {
    // some ops need sizes to be known: the runtime compiles again with them
    if (form === 'symbolic' && e instanceof PinRequest) return;
    throw e;
  }
  for (const isa of isas) {
    const { model, meta } = buildModel(problem.graph, { native: addon, isa });
    try {
      assert.deepEqual(
        meta.hostNodes.length > 0,
        c.host ?? false,
        `host nodes: ${meta.hostNodes.join()}`,
      );
      const plan = openModel(addon, model);
      for (const threads of [1, 2]) {
        const got = runPlan(addon, plan, problem.feeds, { isa, threads });
        got.forEach((t, i) => compare(c, t, expected[i]!));
      }
    } catch (e) {
      if (e instanceof Error) e.message = `${form}, ${isa}: ${e.message}`;
      throw e;
    } finally {
      addon.modelRelease(model);
    }
  }
}

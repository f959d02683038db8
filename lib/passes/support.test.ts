/** Shared by the tests of passes: small graphs, random inputs, and "the pass changes no result". */
import assert from 'node:assert/strict';
import { apply, constant, literal } from '../ir/build.js';
import { evalValues } from '../ir/eval.js';
import { type Graph, type Value, input, topological, typeOf } from '../ir/graph.js';
import { type Pass, type RunOptions, runPasses } from '../ir/pass.js';
import { histogram } from '../ir/print.js';
import { isOp } from '../ir/op.js';
import { SizeVector } from '../ops/size-vector.js';
import { Transpose } from '../ops/transpose.js';
import { type Dim, evaluate } from '../tensor/dim.js';
import { type DType, isFloat } from '../tensor/dtype.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { weightOf } from '../tensor/weight.js';

/** Numbers in 0…1 from a seed (mulberry32). */
export function random(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function randomTensor(dtype: DType, shape: readonly number[], next: () => number): Tensor {
  const values = Array.from({ length: sizeOf(shape) }, () =>
    isFloat(dtype)
      ? next() * 4 - 2
      : dtype === 'bool'
        ? Math.round(next())
        : Math.floor(next() * 9) - 4,
  );
  return fromNumbers(dtype, shape, values);
}

let names = 0;
export const x32 = (...shape: number[]): Value => input(`x${++names}`, { dtype: 'float32', shape });
export const scalar = (x: number): Value => literal('float32', [], [x]);
let seeds = 0;
/** A random float32 constant, each another one. */
export const weight = (...shape: number[]): Value =>
  constant(weightOf(randomTensor('float32', shape, random(++seeds))));
export const transpose = (v: Value, ...perm: number[]): Value => apply(Transpose, { perm }, [v]);

/** The graph of all inputs that the outputs need. */
export function graphOf(...outputs: readonly Value[]): Graph {
  const inputs = new Set<Value>();
  const take = (v: Value | null): void => {
    if (v && !v.node && !v.weight) inputs.add(v);
  };
  outputs.forEach(take);
  for (const n of topological(outputs)) n.inputs.forEach(take);
  return {
    inputs: [...inputs].sort((a, b) => a.id - b.id),
    outputs,
    outputNames: outputs.map((_, i) => `y${i}`),
  };
}

/** The size that a run of the tests gives to a symbol. */
const numberOf = (d: Dim): number => evaluate(d, (s) => 2 + s.name.length);

/** Runs a graph that may have symbolic sizes. */
function evaluated(graph: Graph, inputs: readonly Tensor[]): Tensor[] {
  const known = new Map<Value, Tensor>(graph.inputs.map((v, i) => [v, inputs[i]!]));
  for (const node of topological(graph.outputs)) {
    if (!isOp(node, SizeVector)) continue;
    const { dtype, shape, dims } = node.attrs;
    known.set(node.outputs[0]!, fromNumbers(dtype, shape, dims.map(numberOf)));
  }
  return evalValues(graph.outputs, known);
}

/** Random inputs of the graph's types. */
export function randomInputs(graph: Graph, seed: number): Tensor[] {
  const next = random(seed);
  return graph.inputs.map((v) => {
    const { dtype, shape } = typeOf(v);
    return randomTensor(dtype, shape.map(numberOf), next);
  });
}

export function assertClose(a: Tensor, b: Tensor, tolerance: number, what = ''): void {
  assert.equal(a.dtype, b.dtype, what);
  assert.deepEqual(a.shape, b.shape, what);
  const [x, y] = [toNumbers(a), toNumbers(b)];
  x.forEach((v, i) => {
    const near = Math.abs(v - y[i]!) <= tolerance * (1 + Math.abs(v));
    if (!near && !Object.is(v, y[i])) assert.fail(`${what} element ${i}: ${v} became ${y[i]!}`);
  });
}

/** Runs the passes with all checks; the result must compute what the graph computes. */
export function optimized(
  graph: Graph,
  passes: readonly Pass[],
  options: RunOptions & { readonly tolerance?: number } = {},
): Graph {
  const result = runPasses(graph, passes, { verify: true, ...options });
  for (const seed of [1, 2]) {
    const inputs = randomInputs(graph, seed);
    const before = evaluated(graph, inputs);
    const after = evaluated(result, inputs);
    before.forEach((t, i) => assertClose(t, after[i]!, options.tolerance ?? 1e-4, `output ${i}:`));
  }
  return result;
}

/** Checks the passes and the ops that are left. */
export function leaves(
  passes: readonly Pass[],
  output: Value | readonly Value[],
  ops: string,
): Graph {
  const outputs = Array.isArray(output) ? (output as readonly Value[]) : [output as Value];
  const result = optimized(graphOf(...outputs), passes);
  assert.equal(histogram(result), ops);
  return result;
}

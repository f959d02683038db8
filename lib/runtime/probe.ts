/** What lib/hardware/measure.ts measures with: steps and small plans on the addon. */
import type { Probe, ProductType } from '../hardware/measure.js';
import { apply, literal } from '../ir/build.js';
import { type Value, input } from '../ir/graph.js';
import type { Addon, RunResult } from '../native/types.js';
import { MatMul } from '../ops/mat-mul.js';
import { MatMulInteger } from '../ops/mat-mul-integer.js';
import { bindRegion } from '../plan/bind.js';
import { buildModel } from '../plan/build.js';
import { openModel } from '../plan/decode.js';
import { stepRunner } from '../plan/run-step.js';
import { type TypedArray, newArray } from '../tensor/dtype.js';
import { type Tensor, tensor } from '../tensor/tensor.js';

const floats = (shape: readonly number[], fill: (i: number) => number = () => 0): Tensor =>
  tensor(
    'float32',
    shape,
    Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, (_, i) => fill(i)),
  );
/** Dense values without a pattern: zeros and ones would flatter some units. */
const noise = (i: number): number => Math.sin(i * 12.9898) % 1;

export function makeProbe(native: Addon): Probe {
  const micros =
    (run: () => RunResult): (() => number) =>
    () =>
      run().micros;
  const fma = (isa: string, rounds: number): { micros: number; flops: number } => {
    const output = floats([1]);
    const run = stepRunner(
      {
        spec: { kernel: 'measure_fma.f32', params: { rounds }, items: 1 },
        inputs: [],
        outputs: [output],
      },
      { native, isa, threads: 1 },
    );
    return { micros: run().micros, flops: Number(output.data[0]) };
  };
  return {
    fma,
    read: (isa, bytes, rounds, threads) => {
      const line = Math.max(16, Math.floor(bytes / 4));
      const run = stepRunner(
        {
          spec: { kernel: 'measure_read.f32', params: { rounds }, items: threads },
          inputs: [floats([threads, line])],
          outputs: [floats([threads])],
        },
        { native, isa, threads },
      );
      return micros(run);
    },
    step: (threads, rounds) => {
      const run = stepRunner(
        {
          spec: { kernel: 'measure_fma.f32', params: { rounds }, items: threads },
          inputs: [],
          outputs: [floats([threads])],
        },
        { native, isa: '', threads },
      );
      return micros(run);
    },
    gemm: (isa, type, m, k, n) => gemmRunner(native, isa, type, m, k, n),
  };
}

/** The operands' types of a product, and its node. */
const PRODUCTS = {
  f32: { a: 'float32', b: 'float32', y: 'float32' },
  bf16: { a: 'float32', b: 'float32', y: 'float32' },
  i8: { a: 'uint8', b: 'int8', y: 'int32' },
} as const;

function productNode(type: ProductType, a: Value, b: Value): Value {
  if (type === 'i8') return apply(MatMulInteger, { stages: [] }, [a, b, null, null, null]);
  return apply(MatMul, { stages: [], ...(type === 'bf16' ? { narrow: 'bfloat16' } : {}) }, [a, b]);
}

function gemmRunner(
  native: Addon,
  isa: string,
  type: ProductType,
  m: number,
  k: number,
  n: number,
): () => number {
  const types = PRODUCTS[type];
  const fill = (dtype: 'float32' | 'uint8' | 'int8', count: number): TypedArray => {
    const array = newArray(dtype, count) as Float32Array | Uint8Array | Int8Array;
    for (let i = 0; i < count; i++) array[i] = dtype === 'float32' ? noise(i) : 63 * noise(i) + 64;
    return array;
  };
  const a = input('a', { dtype: types.a, shape: [m, k] });
  const b = literal(types.b, [k, n], fill(types.b, k * n) as Float32Array);
  const graph = { inputs: [a], outputs: [productNode(type, a, b)], outputNames: ['y'] };
  const { model } = buildModel(graph, { native, isa });
  const plan = openModel(native, model, () => undefined);
  const region = plan.regions.find((r) => r.kind === 'native')!;
  const { words } = bindRegion(plan, region, new Float64Array(0));
  const session = native.sessionCreate(model, { isa, threads: 1, lanes: 1 });
  const binding = session.bind(words, plan.kernels);
  native.modelRelease(model);
  const x = fill(types.a, m * k);
  const y = newArray(types.y, m * n) as Float32Array;
  return () => session.runSync(binding, [x], [y], true).micros;
}

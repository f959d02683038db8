/** Runs one step on arrays, at once: what measuring needs. */
import type { Buffer, Operand, StepSpec } from '../ir/step.js';
import type { Addon, RunResult, View } from '../native/types.js';
import { DimTable } from '../tensor/dim.js';
import { failure } from '../native/binding.js';
import type { DType } from '../tensor/dtype.js';
import { denseStrides } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { planRegion } from './region.js';
import { KernelList } from './words.js';

export interface StepRun {
  readonly spec: Omit<StepSpec, 'inputs' | 'outputs'>;
  readonly inputs: readonly Tensor[];
  /** written to */
  readonly outputs: readonly Tensor[];
}
export interface StepMachine {
  readonly native: Addon;
  readonly isa: string;
  /** 0: all usable cores */
  readonly threads: number;
}

const operandOf = (kind: Buffer['kind'], index: number, t: Tensor): Operand => ({
  buffer: { kind, bytes: 0, index },
  dtype: t.dtype,
  shape: t.shape,
  strides: denseStrides(t.shape),
  offset: 0,
});
const portOf = (t: Tensor): { dtype: DType; shape: readonly number[] } => ({
  dtype: t.dtype,
  shape: t.shape,
});
const viewOf = (t: Tensor): View => t.data as unknown as View;

/** A function that runs the step once on dense tensors, and what the run says of it. */
export function stepRunner(
  { spec, inputs, outputs }: StepRun,
  { native, isa, threads }: StepMachine,
): () => RunResult {
  const kernels = new KernelList(native.inspect().ops);
  const region = planRegion(
    {
      items: [
        {
          spec: {
            ...spec,
            inputs: inputs.map((t, i) => operandOf('input', i, t)),
            outputs: outputs.map((t, i) => operandOf('output', i, t)),
          },
          node: null,
          flops: 0,
        },
      ],
      inputs: inputs.map(portOf),
      outputs: outputs.map(portOf),
      origin: () => 0,
      locate: (b) => ({ kind: b.kind, index: b.index!, base: 0 }),
    },
    new DimTable(),
    kernels,
  );
  const session = native.sessionCreate(0, { isa, threads, lanes: 1 });
  try {
    const binding = session.bind(region.words, kernels.names);
    return () => session.runSync(binding, inputs.map(viewOf), outputs.map(viewOf), threads === 1);
  } catch (e) {
    throw failure(e);
  }
}

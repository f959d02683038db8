/** Bound plans written by hand, for tests of the addon. */
import { HEADER, MAGIC, OPERAND, RECORD, VERSION } from '../lib/plan/format.js';
import { DTYPE_NAMES, type DType, bytesOf } from '../lib/tensor/dtype.js';

export interface Port {
  readonly kind: keyof typeof OPERAND;
  readonly index?: number;
  /** in bytes */
  readonly offset?: number;
  readonly dtype?: DType;
  readonly shape: readonly number[];
}
export interface TestStep {
  /** index of the kernel */
  readonly kernel: number;
  readonly items: number;
  readonly grain?: number;
  readonly params?: readonly number[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly origin?: number;
}

const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const dtypeIndex = (p: Port): number => DTYPE_NAMES.indexOf(p.dtype ?? 'float32');
const bytes = (p: Port): number => elements(p.shape) * bytesOf(p.dtype ?? 'float32');

/** A dense operand. */
function operandWords(p: Port): number[] {
  const strides = p.shape.map((_, i) => elements(p.shape.slice(i + 1)));
  return [
    OPERAND[p.kind],
    p.index ?? 0,
    p.offset ?? 0,
    dtypeIndex(p),
    p.shape.length,
    ...p.shape,
    ...strides,
  ];
}

function stepWords(s: TestStep): number[] {
  const params = s.params ?? [];
  const words = [RECORD.step, 0, s.kernel, s.items, s.grain ?? 1, 0, s.origin ?? 0, 0];
  words.push(params.length, ...params);
  words.push(s.inputs.length, ...s.inputs.flatMap(operandWords));
  words.push(s.outputs.length, ...s.outputs.flatMap(operandWords), 0);
  words[1] = words.length;
  return words;
}

/** `inputs`, `outputs`: the run's ports; `arena`: buffers, given by what lies in them. */
export function planWords(plan: {
  readonly inputs?: readonly Port[];
  readonly outputs?: readonly Port[];
  readonly arena?: readonly Port[];
  readonly steps: readonly TestStep[];
}): Float64Array {
  const { inputs = [], outputs = [], arena = [], steps } = plan;
  const ports = [...inputs, ...outputs].flatMap((p) => [dtypeIndex(p), bytes(p)]);
  let arenaBytes = 0;
  const buffers = arena.flatMap((p) => {
    const at = arenaBytes;
    arenaBytes += Math.ceil(bytes(p) / 64) * 64;
    return [at, bytes(p)];
  });
  const fields: Record<(typeof HEADER)[number], number> = {
    magic: MAGIC,
    version: VERSION,
    words: 0,
    arenaBytes,
    scratchBytes: 0,
    kernels: 0,
    inputs: inputs.length,
    outputs: outputs.length,
    buffers: arena.length,
    records: steps.length,
  };
  const words = [
    ...HEADER.map((f) => fields[f]),
    ...ports,
    ...buffers,
    ...steps.flatMap(stepWords),
  ];
  words[HEADER.indexOf('words')] = words.length;
  return Float64Array.from(words);
}

export const SOFTMAX = ['softmax.f32|axis:i32'];

/** Softmax over the rows of float32[rows, columns], `depth` times. */
export function softmaxWords(rows: number, columns: number, depth = 1): Float64Array {
  const shape = [rows, columns];
  const at = (i: number): Port =>
    i === 0
      ? { kind: 'input', shape }
      : i === depth
        ? { kind: 'output', shape }
        : { kind: 'arena', index: i % 2, shape };
  return planWords({
    inputs: [{ kind: 'input', shape }],
    outputs: [{ kind: 'output', shape }],
    arena:
      depth > 1
        ? [
            { kind: 'arena', shape },
            { kind: 'arena', shape },
          ]
        : [],
    steps: Array.from({ length: depth }, (_, i) => ({
      kernel: 0,
      items: rows,
      params: [1],
      inputs: [at(i)],
      outputs: [at(i + 1)],
      origin: i,
    })),
  });
}

/** Softmax over the rows of a weight float32[rows, columns] that begins at byte `offset` of the model. */
export function weightWords(rows: number, columns: number, offset: number): Float64Array {
  const output: Port = { kind: 'output', shape: [rows, columns] };
  const weight: Port = { kind: 'weight', offset, shape: [rows, columns] };
  const step = { kernel: 0, items: rows, params: [1], inputs: [weight], outputs: [output] };
  return planWords({ outputs: [output], steps: [step] });
}

/** What the plan of softmaxWords computes for one row. */
export function softmaxRow(row: Float32Array): number[] {
  const top = Math.max(...row);
  const e = Array.from(row, (v) => Math.exp(v - top));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

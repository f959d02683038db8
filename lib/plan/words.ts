/** Steps → the words of lib/plan/format.ts, with patches where a word depends on sizes. */
import { raise } from '../errors.js';
import type { Buffer, Operand, Stage, StepSpec } from '../ir/step.js';
import type { OpRowInfo } from '../native/types.js';
import * as D from '../tensor/dim.js';
import type { Dim, DimTable } from '../tensor/dim.js';
import { DTYPE_NAMES, type DType, bytesOf, storageOf } from '../tensor/dtype.js';
import { product } from '../tensor/shape.js';
import { HEADER, MAGIC, OPERAND, RECORD, VERSION } from './format.js';

/** Kernels by name, and the list of "name|signature" that words index. */
export class KernelList {
  readonly names: string[] = [];
  readonly #rows: ReadonlyMap<string, OpRowInfo>;
  readonly #index = new Map<string, number>();

  constructor(rows: readonly OpRowInfo[]) {
    this.#rows = new Map(rows.map((r) => [r.name, r]));
  }
  /** the first kernel that the step needs and that is not there */
  lacks(step: StepSpec): string | undefined {
    return [step, ...(step.stages ?? [])].find((s) => !this.#rows.has(s.kernel))?.kernel;
  }
  /** index of the kernel, and its parameters in the order of its signature */
  use(call: StepSpec | Stage): { index: number; params: Dim[] } {
    const row = this.#rows.get(call.kernel);
    if (!row) raise('HAIO_E_PLAN', { reason: `there is no kernel ${call.kernel}` });
    const wanted =
      row.signature === '' ? [] : row.signature.split(',').map((p) => p.split(':')[0]!);
    const given = Object.keys(call.params);
    if (wanted.length !== given.length || !wanted.every((p) => p in call.params))
      raise('HAIO_E_PLAN', {
        reason: `${call.kernel} takes parameters (${row.signature}), got (${given.join()})`,
      });
    let index = this.#index.get(call.kernel);
    if (index === undefined) {
      index = this.names.push(`${call.kernel}|${row.signature}`) - 1;
      this.#index.set(call.kernel, index);
    }
    return { index, params: wanted.map((p) => call.params[p]!) };
  }
}

/** Where a buffer is: its kind, its index, and the byte where it starts. */
export interface Location {
  readonly kind: 'arena' | 'weight' | 'input' | 'output';
  readonly index: number;
  readonly base: number;
}

export interface WordsSource {
  readonly steps: readonly {
    readonly spec: StepSpec;
    readonly origin: number;
    readonly inplace: number;
  }[];
  readonly inputs: readonly { readonly dtype: DType; readonly shape: readonly Dim[] }[];
  readonly outputs: readonly { readonly dtype: DType; readonly shape: readonly Dim[] }[];
  readonly buffers: readonly Buffer[];
  locate(b: Buffer): Location;
}

export interface Words {
  readonly words: Float64Array;
  /** (word, row)* */
  readonly patches: Int32Array;
  /** words that are bytes from the start of the model's weights: the start is still to be added */
  readonly weightWords: readonly number[];
}

/** Index of a header field. */
export const at = (field: (typeof HEADER)[number]): number => HEADER.indexOf(field);
/** Index of the first word of the buffers. */
export const buffersAt = (inputs: number, outputs: number): number =>
  HEADER.length + 2 * (inputs + outputs);
/** Offsets in a STEP record. */
export const STEP = {
  length: 1,
  kernel: 2,
  items: 3,
  grain: 4,
  scratch: 5,
  origin: 6,
  inplace: 7,
  params: 8,
};

/** `arenaBytes`, `scratchBytes` and the buffers' offsets stay 0: bind fills them. */
export function writeWords(source: WordsSource, table: DimTable, kernels: KernelList): Words {
  const words: number[] = [];
  const patches: number[] = [];
  const weightWords: number[] = [];
  const put = (...values: number[]): void => void words.push(...values);
  const dim = (d: Dim): void => {
    if (typeof d !== 'number') patches.push(words.length, table.intern(d));
    words.push(typeof d === 'number' ? d : 0);
  };
  const operand = (o: Operand | null): void => {
    if (!o) return put(OPERAND.absent);
    const { kind, index, base } = source.locate(o.buffer);
    put(OPERAND[kind], index);
    if (kind === 'weight') weightWords.push(words.length);
    dim(D.mul(o.offset, bytesOf(o.dtype)));
    words[words.length - 1]! += base;
    put(DTYPE_NAMES.indexOf(o.dtype), o.shape.length);
    o.shape.forEach(dim);
    o.strides.forEach(dim);
  };
  put(...HEADER.map(() => 0));
  for (const port of [...source.inputs, ...source.outputs]) {
    put(DTYPE_NAMES.indexOf(storageOf(port.dtype)));
    dim(D.mul(product(port.shape), bytesOf(port.dtype)));
  }
  for (const b of source.buffers) {
    put(0);
    dim(b.bytes);
  }
  for (const { spec, origin, inplace } of source.steps) {
    const start = words.length;
    const { index, params } = kernels.use(spec);
    put(RECORD.step, 0, index);
    dim(spec.items);
    dim(spec.grain ?? 1);
    dim(spec.scratch ?? 0);
    put(origin, inplace, params.length);
    params.forEach(dim);
    put(spec.inputs.length);
    spec.inputs.forEach(operand);
    put(spec.outputs.length);
    spec.outputs.forEach(operand);
    const stages = spec.stages ?? [];
    put(stages.length);
    for (const stage of stages) {
      const own = kernels.use(stage);
      put(own.index, own.params.length);
      own.params.forEach(dim);
      put(stage.args.length, ...stage.args);
    }
    words[start + STEP.length] = words.length - start;
  }
  const header = {
    magic: MAGIC,
    version: VERSION,
    words: words.length,
    arenaBytes: 0,
    scratchBytes: 0,
    kernels: 0,
    inputs: source.inputs.length,
    outputs: source.outputs.length,
    buffers: source.buffers.length,
    records: source.steps.length,
  };
  HEADER.forEach((field, i) => (words[i] = header[field]));
  return { words: Float64Array.from(words), patches: Int32Array.from(patches), weightWords };
}

/** Fills the header's arena and scratch and the buffers' offsets of otherwise complete words. */
export function setMemory(
  words: Float64Array,
  firstBuffer: number,
  offsets: Float64Array,
  arenaBytes: number,
): void {
  offsets.forEach((offset, i) => (words[firstBuffer + 2 * i] = offset));
  let scratch = 0;
  for (let w = firstBuffer + 2 * offsets.length; w < words.length; w += words[w + STEP.length]!)
    if (words[w + STEP.scratch]! > scratch) scratch = words[w + STEP.scratch]!;
  words[at('arenaBytes')] = arenaBytes;
  words[at('scratchBytes')] = scratch;
}

/** Calls `visit` with the first word of each operand of the step at `start` that is not absent. */
export function eachOperand(
  words: Float64Array,
  start: number,
  visit: (operand: number, isOutput: boolean) => void,
): void {
  let w = start + STEP.params;
  w += words[w]! + 1;
  for (let list = 0; list < 2; list++) {
    const count = words[w++]!;
    for (let i = 0; i < count; i++) {
      if (words[w] === OPERAND.absent) {
        w++;
        continue;
      }
      visit(w, list === 1);
      w += 5 + 2 * words[w + 4]!;
    }
  }
}

/** Bytes of an operand's elements, repeated ones counted once. */
export function operandBytes(words: Float64Array, operand: number): number {
  const rank = words[operand + 4]!;
  let bytes = bytesOf(DTYPE_NAMES[words[operand + 3]!]!);
  for (let i = operand + 5; i < operand + 5 + rank; i++)
    if (words[i + rank] !== 0) bytes *= words[i]!;
  return bytes;
}

/** Steps → the words of lib/plan/format.ts, with patches where a word depends on sizes. */
import { raise } from '../errors.js';
import type { Buffer, Operand, Stage, StepSpec } from '../ir/step.js';
import type { OpRowInfo } from '../native/types.js';
import * as D from '../tensor/dim.js';
import type { Dim, DimTable } from '../tensor/dim.js';
import { DTYPE_NAMES, type DType, bytesOf, storageOf } from '../tensor/dtype.js';
import { product } from '../tensor/shape.js';
import { HEADER, MAGIC, OPERAND, RECORD, VERSION } from './format.js';
import { type LoopBlock, type PlanItem, type PlanStep, isBlock } from './items.js';

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
  readonly kind: Buffer['kind'];
  readonly index: number;
  readonly base: number;
}

export interface WordsSource {
  readonly items: readonly PlanItem[];
  readonly inputs: readonly { readonly dtype: DType; readonly shape: readonly Dim[] }[];
  readonly outputs: readonly { readonly dtype: DType; readonly shape: readonly Dim[] }[];
  readonly buffers: readonly Buffer[];
  origin(s: PlanStep): number;
  /** bit mask of inputs that lie where output 0 does */
  inplace(s: PlanStep): number;
  /** where a buffer is that is no window */
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

/** Words of a window. */
export const WINDOW_WORDS = 6;

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
  const windows = new Map<Buffer, number>();
  const place = ({ buffer, dtype, offset }: Pick<Operand, 'buffer' | 'dtype' | 'offset'>): void => {
    const window = windows.get(buffer);
    const { kind, index, base } =
      window === undefined
        ? source.locate(buffer)
        : { kind: 'window' as const, index: window, base: 0 };
    put(OPERAND[kind], index);
    if (kind === 'weight') weightWords.push(words.length);
    dim(D.mul(offset, bytesOf(dtype)));
    words[words.length - 1]! += base;
  };
  const operand = (o: Operand | null): void => {
    if (!o) return put(OPERAND.absent);
    place(o);
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
  const step = ({ spec }: PlanStep, origin: number, inplace: number): void => {
    const { index, params } = kernels.use(spec);
    put(index);
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
  };
  const loop = ({ trips, limit, first, next, counter, windows: own }: LoopBlock): void => {
    dim(trips);
    [limit, first, next, counter].forEach(operand);
    put(own.length);
    for (const b of own) {
      const { base, advance, alternates } = b.window!;
      place(base);
      dim(b.bytes);
      dim(advance);
      put(alternates ? 1 : 0);
    }
    for (const b of own) windows.set(b, windows.size);
  };
  /** what `write` puts, after the number of its words */
  const counted = (write: () => void): void => {
    const length = words.push(0) - 1;
    write();
    words[length] = words.length - length - 1;
  };
  const record = (item: PlanItem): void => {
    const start = words.length;
    const kind = isBlock(item) ? item.kind : 'step';
    put(RECORD[kind], 0);
    if (!isBlock(item)) step(item, source.origin(item), source.inplace(item));
    else {
      if (item.kind === 'if') operand(item.condition);
      else loop(item);
      for (const body of item.bodies) counted(() => body.forEach(record));
      if (item.kind === 'loop') for (const b of item.windows) windows.delete(b);
    }
    words[start + STEP.length] = words.length - start;
  };
  source.items.forEach(record);
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
    records: source.items.length,
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
  eachStep(words, firstBuffer + 2 * offsets.length, (w) => {
    if (words[w + STEP.scratch]! > scratch) scratch = words[w + STEP.scratch]!;
  });
  words[at('arenaBytes')] = arenaBytes;
  words[at('scratchBytes')] = scratch;
}

/** Where a step stands: how often it runs (Infinity where data decides), and in which blocks. */
export interface StepPlace {
  readonly trips: number;
  /** outermost first: 'then', 'else', 'loop', 'end' */
  readonly blocks: readonly string[];
}
const TOP: StepPlace = { trips: 1, blocks: [] };

const operandWords = (words: Float64Array, w: number): number =>
  words[w] === OPERAND.absent ? 1 : 5 + 2 * words[w + 4]!;

/** Calls `visit` with the first word of each STEP record, those in blocks included, in order. */
export function eachStep(
  words: Float64Array,
  from: number,
  visit: (step: number, place: StepPlace) => void,
  to = words.length,
  place = TOP,
): void {
  const inside = (start: number, block: string, trips: number): number => {
    const end = start + 1 + words[start]!;
    const times = trips === 0 ? 0 : trips * place.trips;
    eachStep(words, start + 1, visit, end, { trips: times, blocks: [...place.blocks, block] });
    return end;
  };
  for (let w = from; w < to; w += words[w + STEP.length]!) {
    if (words[w] === RECORD.step) visit(w, place);
    else if (words[w] === RECORD.if) {
      const past = inside(w + 2 + operandWords(words, w + 2), 'then', 1);
      inside(past, 'else', 1);
    } else {
      let at = w + 3;
      const cells: boolean[] = [];
      for (let i = 0; i < 4; i++) {
        cells.push(words[at] !== OPERAND.absent);
        at += operandWords(words, at);
      }
      const trips = cells[0] || cells[2] ? Infinity : words[w + 2]!;
      inside(inside(at + 1 + WINDOW_WORDS * words[at]!, 'loop', trips), 'end', 1);
    }
  }
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

/** Sizes of one run → bound words: typed arrays and loops only, on the JavaScript thread. */
import { raise } from '../errors.js';
import { estimateMicros, movedBytes } from '../cost/model.js';
import { evaluateTable } from '../tensor/dim.js';
import { type DType, bytesOf } from '../tensor/dtype.js';
import { type Tensor, fromNumbers } from '../tensor/tensor.js';
import { alignUp, lowerBound, placeInOrder } from './arena.js';
import { OPERAND } from './format.js';
import type { CompiledModel, NativeRegion } from './plan.js';
import { symbolOfRow } from './table.js';
import { STEP, at, buffersAt, eachOperand, eachStep, operandBytes, setMemory } from './words.js';

/** Size of each symbol; NaN where it is not known yet. */
export type Sizes = Float64Array;

export interface BoundPort {
  readonly value: number;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: number;
}
export interface BoundRegion {
  readonly words: Float64Array;
  readonly inputs: readonly BoundPort[];
  readonly outputs: readonly BoundPort[];
  readonly arenaBytes: number;
  /** per worker */
  readonly scratchBytes: number;
  /** estimate of one run on one thread; Infinity where data decides */
  readonly micros: number;
}

/** First word of the records. */
export const firstRecord = (region: NativeRegion): number =>
  buffersAt(region.inputs.length, region.outputs.length) + 2 * region.order.length;

interface Typed {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export const noSizes = (model: CompiledModel): Sizes =>
  new Float64Array(model.symbols.length).fill(NaN);

/** Value of every row of the expression table; NaN where a symbol is not known yet. */
export const evaluateRows = (model: CompiledModel, sizes: Sizes): Float64Array =>
  evaluateTable(model.rows, sizes, new Float64Array(model.rows.length / 4));

const show = (dtype: string | null, dims: readonly (number | string)[]): string =>
  `${dtype ?? 'value'}[${dims.join(',')}]`;

/** The declared form of a value: 'float32[n,768]'. */
export function describeValue(model: CompiledModel, value: number): string {
  const { dtype, shape } = model.values[value]!;
  const rows = evaluateRows(model, noSizes(model));
  return show(
    dtype,
    shape.map((row) => {
      const symbol = symbolOfRow(model.rows, row);
      if (symbol >= 0) return model.symbols[symbol]!.name;
      return Number.isNaN(rows[row]!) ? '?' : rows[row]!;
    }),
  );
}

const misfit = (model: CompiledModel, name: string, value: number, got: Typed): never =>
  raise('HAIO_E_INPUT', {
    name,
    expected: describeValue(model, value),
    got: show(got.dtype, got.shape),
  });

/** Takes over the sizes of symbols that stand alone in the value's shape. Checks what is known. */
function takeSizes(
  model: CompiledModel,
  sizes: Sizes,
  name: string,
  value: number,
  got: Typed,
): void {
  const { dtype, shape } = model.values[value]!;
  // sequences and optionals tell no sizes
  if (dtype === null) return;
  if (dtype !== got.dtype || shape.length !== got.shape.length) misfit(model, name, value, got);
  shape.forEach((row, i) => {
    const s = symbolOfRow(model.rows, row);
    if (s < 0) return;
    const size = got.shape[i]!;
    const { min, max } = model.symbols[s]!;
    if (Number.isNaN(sizes[s]!)) sizes[s] = size;
    if (sizes[s] !== size || size < min || size > max) misfit(model, name, value, got);
  });
}

function checkSizes(
  model: CompiledModel,
  rows: Float64Array,
  name: string,
  value: number,
  got: Typed,
): void {
  const { dtype, shape } = model.values[value]!;
  if (dtype !== null && shape.some((row, i) => rows[row] !== got.shape[i]))
    misfit(model, name, value, got);
}

/**
 * Sizes from the inputs of a run, `feeds` in the order of model.inputs.
 * @throws HaioError HAIO_E_INPUT where a type or shape is not what the model declares
 */
export function bindInputs(model: CompiledModel, feeds: readonly Typed[]): Sizes {
  const sizes = noSizes(model);
  model.inputs.forEach((p, i) => takeSizes(model, sizes, p.name, p.value, feeds[i]!));
  const rows = evaluateRows(model, sizes);
  model.inputs.forEach((p, i) => checkSizes(model, rows, p.name, p.value, feeds[i]!));
  return sizes;
}

/**
 * Adds sizes that a host node's result tells.
 * @throws HaioError HAIO_E_INTERNAL where the result is not what inference promised
 */
export function bindResult(model: CompiledModel, sizes: Sizes, value: number, got: Typed): void {
  try {
    takeSizes(model, sizes, model.values[value]!.name, value, got);
    checkSizes(model, evaluateRows(model, sizes), model.values[value]!.name, value, got);
  } catch (e) {
    raise('HAIO_E_INTERNAL', { reason: `result of a host node: ${(e as Error).message}` }, e);
  }
}

/** The elements of a value whose source is 'sizes'. */
export function sizesTensor(model: CompiledModel, sizes: Sizes, value: number): Tensor {
  const { source, dtype, shape } = model.values[value]!;
  if (source.kind !== 'sizes' || !dtype) raise('HAIO_E_INTERNAL', { reason: 'no sizes' });
  const rows = evaluateRows(model, sizes);
  return fromNumbers(
    dtype,
    shape.map((row) => rows[row]!),
    source.rows.map((row) => rows[row]!),
  );
}

/** @throws HaioError HAIO_E_SHAPE where these sizes make another size negative */
function checkRegion(model: CompiledModel, region: NativeRegion, rows: Float64Array): void {
  for (const value of [...region.inputs, ...region.outputs]) {
    const { shape, name } = model.values[value]!;
    const dims = shape.map((row) => rows[row]!);
    if (dims.some((d) => !(d >= 0)))
      raise('HAIO_E_SHAPE', {
        node: name,
        op: 'value',
        reason: `these inputs give it the shape [${dims.join()}]`,
      });
  }
}

function portsOf(model: CompiledModel, values: readonly number[], rows: Float64Array): BoundPort[] {
  return values.map((value) => {
    const { dtype, shape } = model.values[value]!;
    const dims = shape.map((row) => rows[row]!);
    return {
      value,
      dtype: dtype!,
      shape: dims,
      bytes: dims.reduce((p, d) => p * d, bytesOf(dtype!)),
    };
  });
}

/** Bytes of each arena buffer as placed: rounded up. */
function bufferSizes(words: Float64Array, first: number, count: number): Float64Array {
  const sizes = new Float64Array(count);
  for (let i = 0; i < count; i++) sizes[i] = alignUp(words[first + 2 * i + 1]!);
  return sizes;
}

/** Bound words of a native region; all its symbols must be known. */
export function bindRegion(model: CompiledModel, region: NativeRegion, sizes: Sizes): BoundRegion {
  const rows = evaluateRows(model, sizes);
  checkRegion(model, region, rows);
  const { template, patches, lifespans, order } = region;
  let words = template;
  if (patches.length > 0) {
    words = template.slice();
    for (let i = 0; i < patches.length; i += 2) words[patches[i]!]! += rows[patches[i + 1]!]!;
    const first = buffersAt(region.inputs.length, region.outputs.length);
    const offsets = new Float64Array(order.length);
    const bytes = placeInOrder(lifespans, bufferSizes(words, first, order.length), order, offsets);
    setMemory(words, first, offsets, bytes);
  }
  const inputs = portsOf(model, region.inputs, rows);
  const outputs = portsOf(model, region.outputs, rows);
  return {
    words,
    inputs,
    outputs,
    arenaBytes: words[at('arenaBytes')]!,
    scratchBytes: words[at('scratchBytes')]!,
    micros: stepCosts(model, region, words, rows).reduce(
      (sum, { trips, micros }) => sum + (trips === 0 ? 0 : trips * micros),
      0,
    ),
  };
}

export interface StepCost {
  readonly flops: number;
  readonly bytes: number;
  readonly micros: number;
  /** times that it runs; Infinity where data decides */
  readonly trips: number;
}

/** Estimate of each step on one thread, once; `rows` from evaluateRows. */
export function stepCosts(
  model: CompiledModel,
  region: NativeRegion,
  words: Float64Array,
  rows: Float64Array,
): StepCost[] {
  const costs: StepCost[] = [];
  eachStep(words, firstRecord(region), (w, { trips }) => {
    const inputs: number[] = [];
    const outputs: number[] = [];
    eachOperand(words, w, (operand, isOutput) =>
      (isOutput ? outputs : inputs).push(operandBytes(words, operand)),
    );
    const flops = rows[region.flops[costs.length]!]!;
    const bytes = movedBytes(model.kernels[words[w + STEP.kernel]!]!, inputs, outputs);
    costs.push({ flops, bytes, micros: estimateMicros(flops, bytes, 1), trips });
  });
  return costs;
}

/** A buffer of the arena as it was placed. */
export interface PlacedBuffer {
  readonly offset: number;
  readonly bytes: number;
  /** steps that use it first and last */
  readonly first: number;
  readonly last: number;
}

/** The arena of bound words, buffer by buffer. */
export function placedBuffers(region: NativeRegion, words: Float64Array): PlacedBuffer[] {
  const at = buffersAt(region.inputs.length, region.outputs.length);
  return Array.from({ length: region.order.length }, (_, i) => ({
    offset: words[at + 2 * i]!,
    bytes: words[at + 2 * i + 1]!,
    first: region.lifespans[2 * i]!,
    last: region.lifespans[2 * i + 1]!,
  }));
}

/** Memory of bound words: most bytes alive at a time, and all tensors that steps write, each on its own. */
export function memoryOf(
  region: NativeRegion,
  words: Float64Array,
): { lowerBound: number; sum: number } {
  const first = buffersAt(region.inputs.length, region.outputs.length);
  const count = region.order.length;
  let sum = 0;
  eachStep(words, first + 2 * count, (w) => {
    eachOperand(words, w, (operand, isOutput) => {
      if (isOutput && words[operand] === OPERAND.arena) sum += operandBytes(words, operand);
    });
  });
  return { lowerBound: lowerBound(region.lifespans, bufferSizes(words, first, count)), sum };
}

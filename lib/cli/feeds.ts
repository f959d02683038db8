/** Feeds of a run: what the command line gives, and made from the model's signature what it does not. */
import { readFileSync } from 'node:fs';
import { raise } from '../errors.js';
import { type Signature, Tensor } from '../index.js';
import { typicalSize } from '../onnx/symbols.js';
import { DTYPE_NAMES, type DType, isFloat } from '../tensor/dtype.js';
import { type Tensor as Plain, fromNumbers, sizeOf } from '../tensor/tensor.js';
import { tensorsFor } from './assign.js';
import { readNpy } from './npy.js';

export interface FeedOptions {
  /** texts 'name=value' */
  readonly input?: readonly string[];
  readonly size?: Readonly<Record<string, number>>;
  readonly seed: number;
}

/** elements of one input that is made */
const MAX_ELEMENTS = 2 ** 30;
const FORMS = 'file.npy, numbers, or type[sizes]:zeros|ones|range|random|low..high|numbers';

/** Uniform numbers in [0, 1) that depend on the seed only: a Weyl sequence, its bits mixed. */
export function uniform(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x85ebca6b) >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

const numbersOf = (text: string): number[] | null => {
  const list = text.split(',').map((s) => (s.trim() === '' ? NaN : Number(s)));
  return list.some(Number.isNaN) ? null : list;
};

/** Low and high of random elements: [-1, 1) for floats, all of a byte, else 0 and 1 (ids, masks). */
function rangeOf(dtype: DType): readonly [number, number] {
  if (isFloat(dtype)) return [-1, 1];
  if (dtype === 'uint8') return [0, 256];
  return dtype === 'int8' ? [-128, 128] : [0, 2];
}

/** Element i of what `fill` says, or null when it says nothing known. */
function filler(
  fill: string,
  dtype: DType,
  count: number,
  next: () => number,
): ((i: number) => number) | null {
  if (fill === 'zeros') return () => 0;
  if (fill === 'ones') return () => 1;
  if (fill === 'range') return (i) => i;
  const list = numbersOf(fill);
  if (list?.length === 1) return () => list[0]!;
  if (list) return list.length === count ? (i) => list[i]! : null;
  const [low, high, rest] =
    fill === 'random' ? rangeOf(dtype) : fill.split('..').map((s) => (s === '' ? NaN : Number(s)));
  if (rest !== undefined || !(low < high)) return null;
  const [from, span] = [low, high - low];
  return isFloat(dtype)
    ? () => from + next() * span
    : () => Math.floor(from) + Math.floor(next() * span);
}

function make(dtype: DType, shape: readonly number[], fill: string, next: () => number): Plain {
  const count = sizeOf(shape);
  if (count > MAX_ELEMENTS)
    raise('HAIO_E_LIMIT', { what: 'elements of an input', got: count, limit: MAX_ELEMENTS });
  const at = filler(fill, dtype, count, next);
  if (!at)
    raise('HAIO_E_ARGUMENT', {
      name: '--input',
      expected: `zeros, ones, range, random, low..high, or 1 or ${count} numbers`,
      got: fill,
    });
  if (dtype === 'string') return { dtype, shape, data: new Array<string>(count).fill('') };
  return fromNumbers(
    dtype,
    shape,
    Float64Array.from({ length: count }, (_, i) => at(i)),
  );
}

/** 'name=value' cut where the longest input name ends; names may hold '='. */
function assignment(inputs: readonly Signature[], text: string): [Signature, string] {
  const [input] = inputs
    .filter((i) => text.startsWith(`${i.name}=`))
    .sort((a, b) => b.name.length - a.name.length);
  if (input) return [input, text.slice(input.name.length + 1)];
  const at = text.indexOf('=');
  if (at < 1) raise('HAIO_E_ARGUMENT', { name: '--input', expected: 'name=value', got: text });
  return raise('HAIO_E_NAME', {
    what: 'input',
    name: text.slice(0, at),
    known: inputs.map((i) => i.name).join(', '),
  });
}

function dtypeOf(input: Signature, name: string = input.dtype): DType {
  const dtype = DTYPE_NAMES.find((d) => d === name);
  if (dtype) return dtype;
  if (name !== input.dtype)
    raise('HAIO_E_ARGUMENT', { name: '--input', expected: DTYPE_NAMES.join(' | '), got: name });
  return raise('HAIO_E_INPUT', {
    name: input.name,
    expected: `a ${name}`,
    got: 'nothing: the command line can only give tensors',
  });
}

function load(path: string): Plain {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (e) {
    return raise('HAIO_E_FILE', { path, reason: (e as Error).message }, e);
  }
  return readNpy(bytes, path);
}

const SPEC = /^([a-z]\w*)?(?:\[((?:\d+(?:,\d+)*)?)\])?(?::(\S+))?$/;

class Maker {
  readonly #inputs: readonly Signature[];
  readonly #seed: number;
  readonly #sizes: Map<string, number>;

  constructor(inputs: readonly Signature[], { size = {}, seed }: FeedOptions) {
    this.#inputs = inputs;
    this.#seed = seed;
    this.#sizes = new Map(Object.entries(size));
  }

  /** Sizes of symbols follow the tensors that are given. */
  learn({ shape }: Signature, sizes: readonly number[]): void {
    shape.forEach((d, i) => {
      const size = sizes[i];
      if (typeof d === 'string' && size !== undefined && !this.#sizes.has(d))
        this.#sizes.set(d, size);
    });
  }

  #shapeOf({ shape }: Signature): number[] {
    return shape.map((d, axis) => {
      if (typeof d === 'number') return d;
      if (!this.#sizes.has(d)) this.#sizes.set(d, typicalSize(axis, shape));
      return this.#sizes.get(d)!;
    });
  }

  #next(input: Signature): () => number {
    return uniform(this.#seed + 7919 * this.#inputs.indexOf(input));
  }

  /** The tensor that a value gives, or how to make it once all sizes are known. */
  read(input: Signature, value: string): Plain | (() => Plain) {
    if (value.endsWith('.npy')) return load(value);
    const list = numbersOf(value);
    if (list) return tensorsFor([input], { [input.name]: list })[input.name]!;
    const [all, type, dims, fill = 'random'] = SPEC.exec(value) ?? [];
    if (!all) raise('HAIO_E_ARGUMENT', { name: '--input', expected: FORMS, got: value });
    const dtype = dtypeOf(input, type);
    if (dims === undefined) return () => make(dtype, this.#shapeOf(input), fill, this.#next(input));
    const shape = dims === '' ? [] : dims.split(',').map(Number);
    return make(dtype, shape, fill, this.#next(input));
  }

  make(input: Signature): Plain {
    return make(dtypeOf(input), this.#shapeOf(input), 'random', this.#next(input));
  }
}

/**
 * A tensor for each input. Symbols take the sizes of `size`, else those of given tensors, else
 * typical ones.
 */
export function makeFeeds(
  inputs: readonly Signature[],
  options: FeedOptions,
): Record<string, Tensor> {
  const maker = new Maker(inputs, options);
  const known = new Map<Signature, Plain | (() => Plain)>();
  for (const text of options.input ?? []) {
    const [input, value] = assignment(inputs, text);
    const read = maker.read(input, value);
    known.set(input, read);
    if (typeof read !== 'function') maker.learn(input, read.shape);
  }
  return Object.fromEntries(
    inputs.map((input) => {
      const read = known.get(input) ?? ((): Plain => maker.make(input));
      const t = typeof read === 'function' ? read() : read;
      return [input.name, new Tensor(t.dtype, t.data, t.shape)];
    }),
  );
}

/** Symbols for the sizes that a model leaves open, and its inputs and outputs as it declares them. */
import { type Dim, newSymbol, symbolDim } from '../tensor/dim.js';
import { type DType } from '../tensor/dtype.js';
import { type DeclaredSize, type Model, declaredShape } from './model.js';
import type { ValueInfoProto } from './messages.js';
import { dtypeOfCode } from './tensor.js';

/** An input or output as the model declares it; [] also where the rank is unknown. */
export interface Signature {
  readonly name: string;
  /** 'float32', or 'sequence', 'map', 'optional' */
  readonly dtype: DType | 'sequence' | 'map' | 'optional';
  /** numbers, or names of symbols */
  readonly shape: readonly (number | string)[];
}

/** Inputs that are no initializers: those a run must bring. */
export function realInputs(model: Model): readonly ValueInfoProto[] {
  const given = new Set(model.graph.initializer.map((t) => t.name));
  for (const s of model.graph.sparse_initializer) if (s.values) given.add(s.values.name);
  return model.graph.input.filter((i) => !given.has(i.name));
}

/** Names for unnamed sizes: '<input>_<axis>', with '_' before it where the model uses that name. */
export function sizeNames(model: Model): (info: ValueInfoProto) => (number | string)[] {
  const all = [...model.graph.input, ...model.graph.output];
  const used = new Set(all.flatMap((i) => declaredShape(i) ?? []));
  return (info) =>
    (declaredShape(info) ?? []).map((size, axis) => {
      if (size !== null) return size;
      let name = `${info.name}_${axis}`;
      while (used.has(name)) name = `_${name}`;
      return name;
    });
}

export function signaturesOf(model: Model): { inputs: Signature[]; outputs: Signature[] } {
  const names = sizeNames(model);
  const one = (info: ValueInfoProto): Signature => {
    const { type } = info;
    const tensor = type?.tensor_type;
    const dtype = tensor
      ? dtypeOfCode(tensor.elem_type, `'${info.name}'`)
      : type?.sequence_type
        ? 'sequence'
        : type?.map_type
          ? 'map'
          : type?.optional_type
            ? 'optional'
            : // an output without a type: the run knows better
              'float32';
    return { name: info.name, dtype, shape: names(info) };
  };
  return { inputs: realInputs(model).map(one), outputs: model.graph.output.map(one) };
}

/** Sizes that kernels are chosen for where the model leaves them open. */
const TYPICAL = { leading: 1, channels: 3, image: 640, strip: 320, other: 128 };

/** A guess for one open size of an input, from the sizes beside it. */
export function typicalSize(axis: number, all: readonly DeclaredSize[]): number {
  if (axis === 0) return TYPICAL.leading;
  if (all.length !== 4) return TYPICAL.other;
  const few = (size: DeclaredSize | undefined): boolean => typeof size === 'number' && size <= 4;
  const last = few(all[3]) && !few(all[1]);
  if (axis === (last ? 3 : 1)) return TYPICAL.channels;
  const image = last || few(all[1]) || typeof all[1] === 'string' || all[1] === null;
  if (!image) return TYPICAL.other;
  const beside = all[last ? 3 - axis : 5 - axis];
  if (typeof beside !== 'number') return TYPICAL.image;
  // a strip of text, or a square image
  return beside < 100 ? TYPICAL.strip : beside;
}

export interface SymbolOptions {
  /** sizes of symbols: fixed in the graph */
  readonly sizes?: Readonly<Record<string, number>>;
  /** sizes that kernels are chosen for */
  readonly typical?: Readonly<Record<string, number>>;
}

/** One symbol for each name. */
export class SymbolTable {
  readonly #options: SymbolOptions;
  readonly #known = new Map<string, Dim>();

  constructor(options: SymbolOptions) {
    this.#options = options;
  }

  dim(size: number | string, guess: () => number): Dim {
    if (typeof size === 'number') return size;
    let dim = this.#known.get(size);
    if (dim === undefined) {
      const { sizes = {}, typical = {} } = this.#options;
      dim = Object.hasOwn(sizes, size)
        ? sizes[size]!
        : symbolDim(
            newSymbol(size, { typical: Object.hasOwn(typical, size) ? typical[size]! : guess() }),
          );
      this.#known.set(size, dim);
    }
    return dim;
  }
}

/** Symbols for the sizes that a model leaves open, and its inputs and outputs as it declares them. */
import { raise } from '../errors.js';
import { type Dim, newSymbol, symbolDim } from '../tensor/dim.js';
import { type DType } from '../tensor/dtype.js';
import { type DeclaredSize, type Model, declaredShape } from './model.js';
import type { TypeProto, ValueInfoProto } from './messages.js';
import { dtypeOfCode } from './tensor.js';

/** A type as the model declares it. */
export interface Declared {
  /** 'float32', or 'sequence', 'map', 'optional' */
  readonly dtype: DType | 'sequence' | 'map' | 'optional';
  /** numbers, or names of symbols */
  readonly shape: readonly (number | string)[];
  /** axes of a tensor that have neither size nor name; absent where there are none */
  readonly unnamed?: readonly number[];
  /** a tensor of any rank; shape is [] */
  readonly unranked?: true;
  /** of the items of sequences, optionals and maps */
  readonly element?: Declared;
  /** of a map's keys */
  readonly key?: DType;
}

/** An input or output as the model declares it. */
export interface Signature extends Declared {
  readonly name: string;
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

/** @throws HaioError HAIO_E_NAME for sizes that no input of the model has */
export function checkSizes(
  inputs: readonly Signature[],
  sizes: Readonly<Record<string, number>>,
): void {
  const known = new Set(inputs.flatMap((i) => i.shape.filter((d) => typeof d === 'string')));
  for (const name of Object.keys(sizes))
    if (!known.has(name))
      raise('HAIO_E_NAME', { what: 'size', name, known: [...known].join(', ') || 'none' });
}

export function signaturesOf(model: Model): { inputs: Signature[]; outputs: Signature[] } {
  const names = sizeNames(model);
  const declared = (type: TypeProto | null, info: ValueInfoProto): Declared => {
    const { sequence_type, optional_type, map_type, tensor_type } = type ?? {};
    const container = sequence_type
      ? (['sequence', sequence_type.elem_type] as const)
      : optional_type
        ? (['optional', optional_type.elem_type] as const)
        : map_type && (['map', map_type.value_type] as const);
    if (container) {
      const [dtype, inner] = container;
      const element = declared(inner, { ...info, type: inner });
      if (!map_type || dtype !== 'map') return { dtype, shape: [], element };
      return { dtype, shape: [], element, key: dtypeOfCode(map_type.key_type, `'${info.name}'`) };
    }
    // an output without a type: the run knows better
    const dtype = tensor_type ? dtypeOfCode(tensor_type.elem_type, `'${info.name}'`) : 'float32';
    const shape = names({ ...info, type });
    const sizes = declaredShape({ ...info, type });
    if (!sizes) return { dtype, shape, unranked: true };
    const unnamed = sizes.flatMap((d, axis) => (d === null ? [axis] : []));
    return { dtype, shape, ...(unnamed.length > 0 ? { unnamed } : {}) };
  };
  const one = (info: ValueInfoProto): Signature => ({
    name: info.name,
    ...declared(info.type, info),
  });
  return { inputs: realInputs(model).map(one), outputs: model.graph.output.map(one) };
}

/** Sizes that kernels are chosen for where the model leaves them open. */
const TYPICAL = { leading: 1, channels: 3, image: 640, strip: 320, other: 128 };

/** A guess for one open size of an input, from the sizes beside it. */
export function typicalSize(axis: number, all: readonly DeclaredSize[]): number {
  const few = (size: DeclaredSize | undefined): boolean => typeof size === 'number' && size <= 4;
  if (axis === 0) return TYPICAL.leading;
  // states of recurrent layers: [layers, batch, width]
  if (all.length === 3 && axis === 1 && few(all[0]) && typeof all[2] === 'number')
    return TYPICAL.leading;
  if (all.length !== 4) return TYPICAL.other;
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

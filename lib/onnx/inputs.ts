/** The inputs of a graph: their types, and what is fixed of them. */
import { raise } from '../errors.js';
import { constant } from '../ir/build.js';
import { type Type, type Value, input, isTensorType } from '../ir/graph.js';
import { PinRequest } from '../ir/op.js';
import { VARIES } from '../ops/sequences.js';
import { isSym } from '../tensor/dim.js';
import { formatShape } from '../tensor/shape.js';
import { type Tensor, sizeOf } from '../tensor/tensor.js';
import { weightOf } from '../tensor/weight.js';
import type { ValueInfoProto } from './messages.js';
import { typeOfProto } from './model.js';
import { type SymbolOptions, type SymbolTable, typicalSize } from './symbols.js';
import { dtypeOfCode } from './tensor.js';

export interface InputOptions extends SymbolOptions {
  /** contents of inputs: constants in the graph */
  readonly values?: Readonly<Record<string, Tensor>>;
  /** shapes of inputs: in place of what the model declares, its rank left open or not */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
}

/**
 * The input, and the constant that stands for it where its contents are fixed. `sizes` are numbers
 * and names of symbols.
 */
export function inputOf(
  info: ValueInfoProto,
  sizes: readonly (number | string)[],
  symbols: SymbolTable,
  options: InputOptions,
): { readonly value: Value; readonly contents?: Value } {
  const { name } = info;
  const what = `input '${name}'`;
  const tensorType = info.type?.tensor_type;
  const shape = ownEntry(options.shapes, name);
  const pinned = ownEntry(options.values, name);
  const type =
    shape && tensorType
      ? { dtype: dtypeOfCode(tensorType.elem_type, what), shape }
      : typeOfProto(info.type, what, (declared, axis, all) =>
          tensorType
            ? symbols.dim(sizes[axis]!, () => typicalSize(axis, all))
            : // items of a sequence need not have the same sizes
              typeof declared === 'number'
              ? declared
              : VARIES,
        );
  if (pinned) {
    checkPinned(name, type, pinned);
    const { dtype } = pinned;
    return {
      value: input(name, type ?? { dtype, shape: pinned.shape }),
      contents: constant(weightOf(pinned), name),
    };
  }
  if (type) return { value: input(name, type) };
  if (!tensorType) raise('HAIO_E_MODEL', { reason: `${what} has no type` });
  throw new PinRequest([], [], [name]);
}

/** Names come from the model: 'constructor' is none of the record's own. */
const ownEntry = <T>(
  record: Readonly<Record<string, T>> | undefined,
  name: string,
): T | undefined => (record && Object.hasOwn(record, name) ? record[name] : undefined);

function checkPinned(name: string, type: Type | null, pinned: Tensor): void {
  if (!type) return;
  const fits =
    isTensorType(type) &&
    type.dtype === pinned.dtype &&
    type.shape.length === pinned.shape.length &&
    type.shape.every((d, i) => isSym(d) || d === pinned.shape[i]) &&
    sizeOf(pinned.shape) === pinned.data.length;
  if (!fits)
    raise('HAIO_E_INPUT', {
      name,
      expected: isTensorType(type) ? `${type.dtype}${formatShape(type.shape)}` : 'no tensor',
      got: `${pinned.dtype}[${pinned.shape.join(',')}]`,
    });
}

/** Reading the inputs of a node: their types in `infer`, numbers they hold in an ONNX entry. */
import { raise } from '../errors.js';
import { constantTensor } from '../ir/build.js';
import { type Fact, type TensorType, type Value, isTensorType } from '../ir/graph.js';
import { type OnnxNode, PinRequest, shapeError, typeError } from '../ir/op.js';
import { type Dim, symbolsOf } from '../tensor/dim.js';
import { isFloat } from '../tensor/dtype.js';
import { normalAxis } from '../tensor/shape.js';
import { toNumbers } from '../tensor/tensor.js';

type Facts = readonly (Fact | null)[];

/** Type of input i; HAIO_E_TYPE where it is absent or no tensor. */
export function tensorAt(inputs: Facts, i: number): TensorType {
  const fact = inputs[i];
  if (!fact) typeError(`input ${i} is missing`);
  return isTensorType(fact.type) ? fact.type : typeError(`input ${i} must be a tensor`);
}

/** Type of input i, or null where it is absent. */
export const optionalAt = (inputs: Facts, i: number): TensorType | null =>
  inputs[i] ? tensorAt(inputs, i) : null;

/** Type of input i, which must be a float tensor. */
export function floatAt(inputs: Facts, i: number): TensorType {
  const type = tensorAt(inputs, i);
  return isFloat(type.dtype) ? type : typeError(`input ${i} must be float, got ${type.dtype}`);
}

/** Type of input i, which must hold numbers: anything but strings. */
export function numericAt(inputs: Facts, i: number): TensorType {
  const type = tensorAt(inputs, i);
  if (type.dtype === 'string') typeError(`input ${i} must be numeric, got strings`);
  return type;
}

/** Counts a negative axis from the end; `infer` checks the range. */
export const fromStart = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** HAIO_E_SHAPE unless axis is in 0…rank−1. */
export function checkAxis(axis: number, rank: number): void {
  if (axis < 0 || normalAxis(axis, rank) === null)
    shapeError(`axis ${axis} is outside of rank ${rank}`);
}

/** HAIO_E_SHAPE unless the sizes may be equal at a run. */
export function checkSize(what: string, got: Dim | undefined, expected: Dim): void {
  if (typeof got === 'number' && typeof expected === 'number' && got !== expected)
    shapeError(`${what} must have ${expected} elements, got ${got}`);
}

/** Rank of an ONNX node's input. */
export const rankAt = (n: OnnxNode, i: number): number =>
  tensorAt(
    n.inputs.map((v) => v?.fact ?? null),
    i,
  ).shape.length;

/** A size as a number: symbolic ones become pins. */
export function pinned(d: Dim): number {
  if (typeof d === 'number') return d;
  throw new PinRequest([...symbolsOf(d)], []);
}

/**
 * The numbers of a small input that steers the graph (axes, …), or null where it is absent. A graph
 * input is pinned; what only a run can compute is HAIO_E_UNSUPPORTED.
 */
export function numbersOf(n: OnnxNode, v: Value | null | undefined): number[] | null {
  if (!v) return null;
  const known = constantTensor(v);
  if (known) return [...toNumbers(known)];
  if (!v.node) throw new PinRequest([], [v.name]);
  return raise('HAIO_E_UNSUPPORTED', { list: `${n.type} ('${n.name}') steered by computed data` });
}

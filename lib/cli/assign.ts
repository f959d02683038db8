/** Options of the form name=value, which may be given several times. */
import { InvalidArgumentError } from 'commander';
import { raise } from '../errors.js';
import type { Signature } from '../index.js';
import { fromNumbers, sizeOf, type Tensor } from '../tensor/tensor.js';

const split = (text: string): [string, string] => {
  const at = text.lastIndexOf('=');
  if (at < 1) throw new InvalidArgumentError('expected name=value');
  return [text.slice(0, at), text.slice(at + 1)];
};

/** Collects `batch=8` as { batch: 8 }. */
export function sizes(text: string, before: Record<string, number> = {}): Record<string, number> {
  const [name, value] = split(text);
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError(`'${value}' is no size`);
  return { ...before, [name]: Number(value) };
}

/** Collects `sr=16000` or `shape=1,3,8` as lists of numbers. */
export function contents(
  text: string,
  before: Record<string, number[]> = {},
): Record<string, number[]> {
  const [name, value] = split(text);
  const list = value === '' ? [] : value.split(',').map(Number);
  if (list.some(Number.isNaN)) throw new InvalidArgumentError(`'${value}' is no list of numbers`);
  return { ...before, [name]: list };
}

/** Lists of numbers as tensors of the types that the inputs have. */
export function tensorsFor(
  inputs: readonly Signature[],
  lists: Readonly<Record<string, readonly number[]>>,
): Record<string, Tensor> {
  const all = Object.entries(lists).map(([name, list]): [string, Tensor] => {
    const input = inputs.find((i) => i.name === name);
    if (!input)
      raise('HAIO_E_NAME', { what: 'input', name, known: inputs.map((i) => i.name).join(', ') });
    const { dtype, shape } = input;
    const open = shape.filter((d) => typeof d === 'string').length;
    const fixed = sizeOf(shape.filter((d) => typeof d === 'number'));
    const sizes = shape.map((d) => (typeof d === 'number' ? d : list.length / fixed));
    const tensorial = !['sequence', 'map', 'optional', 'string'].includes(dtype);
    if (!tensorial || open > 1 || sizeOf(sizes) !== list.length || !sizes.every(Number.isInteger))
      raise('HAIO_E_INPUT', {
        name,
        expected: `${dtype}[${shape.join(',')}]`,
        got: `${list.length} numbers`,
      });
    return [name, fromNumbers(dtype as Tensor['dtype'], sizes, list)];
  });
  return Object.fromEntries(all);
}

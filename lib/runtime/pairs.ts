/** The option `state`: names of inputs and of the outputs that they take in the next run. */
import { raise } from '../errors.js';
import type { Signature } from '../onnx/import.js';
import type { StateNames } from '../plan/appended.js';

/** The name with `*` in its place. */
function patternOf(text: string): RegExp {
  const parts = text.split('*').map((p) => p.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('(.*)')}$`);
}

/**
 * Pairs by full names. A `*` stands for the same text in both: { 'past_key_values.*': 'present.*' }.
 * @throws HaioError HAIO_E_NAME, HAIO_E_ARGUMENT where there are no such names, or a pair does not fit
 */
export function statePairs(
  option: StateNames,
  inputs: readonly Signature[],
  outputs: readonly Signature[],
): StateNames {
  const pairs: Record<string, string> = {};
  for (const [past, present] of Object.entries(option)) {
    const pattern = patternOf(past);
    const found = inputs.filter(({ name }) => pattern.test(name));
    if (found.length === 0) unknown('input', past, inputs);
    for (const input of found) {
      const star = pattern.exec(input.name)?.[1] ?? '';
      const name = present.replace('*', () => star);
      const output = outputs.find((o) => o.name === name);
      if (!output) unknown('output', name, outputs);
      if (input.element || input.dtype === 'string' || input.dtype !== output.dtype)
        raise('HAIO_E_ARGUMENT', {
          name: `state['${past}']`,
          expected: 'an input and an output of numbers of one type',
          got: `${input.dtype} '${input.name}' and ${output.dtype} '${name}'`,
        });
      if (Object.values(pairs).includes(name))
        raise('HAIO_E_ARGUMENT', {
          name: 'state',
          expected: 'an output of its own for each input',
          got: `'${name}' twice`,
        });
      pairs[input.name] = name;
    }
  }
  return pairs;
}

function unknown(what: string, name: string, list: readonly Signature[]): never {
  raise('HAIO_E_NAME', { what, name, known: list.map((s) => s.name).join(', ') });
}

/**
 * Shape of a state input before anything was kept: sizes that other inputs tell, and 0 for those that
 * nothing tells.
 */
export function firstShape(
  { shape }: Signature,
  others: readonly { readonly declared: Signature; readonly shape: readonly number[] }[],
): number[] {
  return shape.map((d) => {
    if (typeof d === 'number') return d;
    for (const other of others) {
      const axis = other.declared.shape.indexOf(d);
      if (axis >= 0) return other.shape[axis]!;
    }
    return 0;
  });
}

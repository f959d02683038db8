/** Einsum's equation: which axes of the operands are one index. */
import { shapeError } from '../ir/op.js';

/** Indices are letters; the axes of an ellipsis are '0', '1' … counted from the last. */
export type Label = string;

export interface Terms {
  /** of the axes of each operand */
  readonly inputs: readonly (readonly Label[])[];
  readonly output: readonly Label[];
}

const malformed = (equation: string): never => shapeError(`malformed equation '${equation}'`);

function labelsOf(term: string, axes: number, equation: string): Label[] {
  const [head = '', tail, more] = term.split('...');
  const [before, after] = [Array.from(head), Array.from(tail ?? '')];
  const letters = [...before, ...after];
  const hidden = axes - letters.length;
  const fits = tail === undefined ? hidden === 0 : hidden >= 0 && more === undefined;
  if (!fits || !/^[A-Za-z]*$/.test(letters.join('')))
    shapeError(`the term '${term}' of '${equation}' does not fit ${axes} axes`);
  if (tail === undefined) return letters;
  return [...before, ...Array.from({ length: hidden }, (_, i) => `${hidden - 1 - i}`), ...after];
}

/** Without '->' the output has the ellipsis and the letters that occur once, in alphabetical order. */
function implicit(inputs: readonly (readonly Label[])[]): Label[] {
  const all = inputs.flat();
  const letters = all.filter((l) => /[A-Za-z]/.test(l) && all.indexOf(l) === all.lastIndexOf(l));
  return [...hiddenIn(all), ...letters.sort()];
}

/** Labels of the ellipsis in order. */
const hiddenIn = (labels: readonly Label[]): Label[] =>
  [...new Set(labels)].filter((l) => /\d/.test(l)).sort((a, b) => Number(b) - Number(a));

/** The labels of all axes; HAIO_E_SHAPE where the equation does not fit the ranks. */
export function termsOf(equation: string, ranks: readonly number[]): Terms {
  const [left = '', right, more] = equation.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (terms.length !== ranks.length || more !== undefined) malformed(equation);
  const inputs = terms.map((t, i) => labelsOf(t, ranks[i]!, equation));
  if (right === undefined) return { inputs, output: implicit(inputs) };
  const hidden = hiddenIn(inputs.flat());
  const letters = right.replace('...', '').length;
  const output = labelsOf(right, letters + (right.includes('...') ? hidden.length : 0), equation);
  if (new Set(output).size < output.length || output.some((l) => !inputs.flat().includes(l)))
    malformed(equation);
  return { inputs, output };
}

/**
 * Sequences and optionals as `eval` sees them. They exist between host nodes only and stand where a
 * tensor stands, so that ops which hand values on (If, Loop, Identity) need not tell them apart. An
 * optional is a sequence of no or one item.
 */
import type { Tensor } from './tensor.js';

export const sequenceOf = (items: readonly Tensor[]): Tensor => ({
  dtype: 'string',
  shape: [items.length],
  data: items as unknown as readonly string[],
});

/** The items of what `sequenceOf` made. */
export const itemsOf = (t: Tensor | null | undefined): readonly Tensor[] =>
  (t?.data ?? []) as unknown as readonly Tensor[];

/** All cases by name. */
import { ATTENTIONS } from './attentions.js';
import type { Draw } from './case.js';
import { ELEMENTS } from './elements.js';
import { PACKED } from './packed.js';
import { QUANTIZED } from './quantized.js';

export const DRAWS: Readonly<Record<string, Draw>> = {
  ...ELEMENTS,
  ...ATTENTIONS,
  ...QUANTIZED,
  ...PACKED,
};

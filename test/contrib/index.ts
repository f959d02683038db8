/** All cases by name. */
import { ATTENTIONS } from './attentions.js';
import type { Draw } from './case.js';
import { ELEMENTS } from './elements.js';
import { EXPERTS } from './experts.js';
import { FORMULAS } from './formulas.js';
import { IMAGES } from './images.js';
import { INTEGERS } from './integers.js';
import { PACKED } from './packed.js';
import { POSITIONS } from './positions.js';
import { QUANTIZED } from './quantized.js';
import { SPARSE } from './sparse.js';
import { TOKENS } from './tokens.js';

export const DRAWS: Readonly<Record<string, Draw>> = {
  ...ELEMENTS,
  ...ATTENTIONS,
  ...QUANTIZED,
  ...PACKED,
  ...FORMULAS,
  ...TOKENS,
  ...IMAGES,
  ...INTEGERS,
  ...EXPERTS,
  ...POSITIONS,
  ...SPARSE,
};

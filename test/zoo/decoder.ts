/** The small decoder of tests, and what it is asked. */
import type { Gpt2Config } from '../../bench/zoo/gpt2.js';

export const DECODER: Gpt2Config = {
  layers: 3,
  hidden: 96,
  heads: 4,
  vocabulary: 500,
  positions: 256,
};
export const PROMPT = [5, 17, 42];

/** The small decoder of tests, and what it is asked. */
import { type Gpt2Config, gpt2, gpt2State as statePairs } from '../../bench/zoo/gpt2.js';
import { type LlamaConfig, llama } from '../../bench/zoo/llama.js';

export const DECODER: Gpt2Config = {
  layers: 3,
  hidden: 96,
  heads: 4,
  vocabulary: 500,
  positions: 256,
};
export const LLAMA_DECODER: LlamaConfig = {
  layers: 2,
  hidden: 96,
  heads: 6,
  shared: 2,
  inner: 160,
  vocabulary: 300,
  positions: 128,
};
export const PROMPT = [5, 17, 42];

/** Both forms of a decoder: the cache joined by Concat, and by GroupQueryAttention. */
export const DECODERS = {
  concat: {
    model: (): Uint8Array => gpt2(DECODER),
    pairs: statePairs(DECODER),
    empty: [1, DECODER.heads, 0, DECODER.hidden / DECODER.heads],
  },
  grouped: {
    model: (): Uint8Array => llama(LLAMA_DECODER),
    pairs: statePairs(LLAMA_DECODER),
    empty: [1, LLAMA_DECODER.shared, 0, LLAMA_DECODER.hidden / LLAMA_DECODER.heads],
  },
} as const;

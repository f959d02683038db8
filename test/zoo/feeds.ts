/** What models of the zoo are fed in tests, and what is kept of their results. */
import { makeInput } from '../../bench/catalog.js';
import type { MakeTensor } from '../../bench/zoo/generate.js';
import type { Signature, TensorLike } from '../../lib/index.js';

const SIZES: Readonly<Record<string, number>> = {
  batch: 2,
  batch_size: 1,
  sequence: 9,
  sequence_length: 5,
  past_sequence_length: 4,
  'past_sequence_length + sequence_length': 9,
  total_sequence_length: 9,
};
/** integers below this are tokens of every small model */
const TOKENS = 200;

export function feedsOf(
  inputs: readonly Signature[],
  make: MakeTensor,
): Record<string, TensorLike> {
  const feeds: Record<string, TensorLike> = {};
  for (const [i, { name, dtype, shape }] of inputs.entries()) {
    const dims = shape.map((d) => (typeof d === 'string' ? SIZES[d]! : d));
    const [low, high] = /mask/.test(name) ? [1, 2] : [0, /type/.test(name) ? 1 : TOKENS];
    const fill = dtype === 'float32' ? 'normal' : 'ints';
    const { type, data } = makeInput(
      { name, type: dtype as 'int64', dims, fill, low, high },
      i + 1,
    );
    feeds[name] = make(type, data, dims);
  }
  return feeds;
}

/** A result's shape, and some of its elements, evenly spread. */
export interface Told {
  readonly dims: readonly number[];
  readonly elements: readonly number[];
}
const KEPT = 64;
export function tell({ dims, data }: TensorLike): Told {
  const all = data as Float32Array;
  const step = Math.max(1, Math.floor(all.length / KEPT));
  return { dims, elements: [...all].filter((_, i) => i % step === 0) };
}

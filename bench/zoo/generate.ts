/** Greedy generation with a decoder whose past and present are inputs and outputs, or a session's state. */
import type { TensorLike } from '../../lib/index.js';

export type Run = (
  feeds: Readonly<Record<string, TensorLike>>,
) => Promise<Readonly<Record<string, TensorLike>>>;
export type MakeTensor = (type: string, data: unknown, dims: readonly number[]) => TensorLike;

export interface Decoding {
  readonly tokens: readonly number[];
  /** of the last position, for each step */
  readonly logits: readonly Float32Array[];
}
export interface DecodingOptions {
  readonly make: MakeTensor;
  readonly prompt: readonly number[];
  readonly steps: number;
  /** pairs of past inputs and present outputs that are handed on; none where a state does it */
  readonly pairs?: Readonly<Record<string, string>>;
  /** dims of a past with nothing in it */
  readonly empty?: readonly number[];
  /** positions that were there before */
  readonly length?: number;
}

const largest = (row: Float32Array): number =>
  row.reduce((best, x, i) => (x > row[best]! ? i : best), 0);

export async function decode(run: Run, options: DecodingOptions): Promise<Decoding> {
  const { make, prompt, steps, pairs = {}, empty = [] } = options;
  const tokens: number[] = [];
  const logits: Float32Array[] = [];
  let ids = prompt;
  let total = options.length ?? 0;
  let past: Record<string, TensorLike> = Object.fromEntries(
    Object.keys(pairs).map((name) => [name, make('float32', new Float32Array(0), empty)]),
  );
  for (let step = 0; step < steps; step++) {
    total += ids.length;
    const out = await run({
      input_ids: make('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]),
      attention_mask: make('int64', new BigInt64Array(total).fill(1n), [1, total]),
      ...past,
    });
    const { data, dims } = out['logits']!;
    const row = (data as Float32Array).slice(-dims[2]!);
    logits.push(row);
    ids = [largest(row)];
    tokens.push(ids[0]!);
    past = Object.fromEntries(Object.entries(pairs).map(([name, from]) => [name, out[from]!]));
  }
  return { tokens, logits };
}

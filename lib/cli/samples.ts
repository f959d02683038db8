/** Calibration data on disk as samples: .npz and .npy arrays, JSON lines, folders of images. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { HaioError, raise } from '../errors.js';
import { type Signature, Tensor } from '../index.js';
import { type Tensor as Plain, fromNumbers, sizeOf } from '../tensor/tensor.js';
import type { DType } from '../tensor/dtype.js';
import { type ImageSpec, imageTensor } from './images.js';
import { readNpy } from './npy.js';

export type Sample = Record<string, Tensor>;

const bad = (path: string, reason: string): never => raise('HAIO_E_FILE', { path, reason });

/** Number of one sample's rows along the first axis: what the model fixes, else 1. */
const batchOf = ({ shape }: Signature): number => (typeof shape[0] === 'number' ? shape[0] : 1);

/**
 * An array of many samples as one tensor each: along an axis before those of the input, or along the
 * input's first axis, as many rows at a time as it takes.
 */
function split(path: string, input: Signature, t: Plain): Tensor[] {
  const rank = input.shape.length;
  const stacked = t.shape.length === rank + 1;
  if (!stacked && t.shape.length !== rank)
    bad(
      path,
      `'${input.name}' has ${t.shape.length} axes, the input has ${rank} (or one more of samples)`,
    );
  const rows = stacked ? 1 : batchOf(input);
  const shape = stacked ? t.shape.slice(1) : [rows, ...t.shape.slice(1)];
  const size = sizeOf(shape);
  const count = rank === 0 && !stacked ? 1 : Math.floor((t.shape[0] ?? 1) / rows);
  return Array.from({ length: count }, (_, i) => {
    const data = (t.data as Float32Array).slice(i * size, (i + 1) * size);
    return new Tensor(input.dtype as DType, [...data].map(Number), shape);
  });
}

function together(path: string, columns: ReadonlyMap<string, readonly Tensor[]>): Sample[] {
  const counts = [...columns.values()].map((c) => c.length);
  const count = Math.min(...counts);
  if (count === 0 || !Number.isFinite(count)) bad(path, 'it has no samples');
  if (counts.some((c) => c !== count))
    bad(path, `its arrays have different numbers of samples: ${counts.join(', ')}`);
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries([...columns].map(([name, list]) => [name, list[i]!])),
  );
}

const find = (path: string, inputs: readonly Signature[], name: string): Signature =>
  inputs.find((i) => i.name === name) ??
  bad(path, `'${name}' is no input of the model; inputs: ${inputs.map((i) => i.name).join(', ')}`);

function fromNpz(path: string, inputs: readonly Signature[]): Sample[] {
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(new Uint8Array(readFileSync(path)));
  } catch (e) {
    return bad(path, (e as Error).message);
  }
  const columns = Object.entries(files)
    .filter(([name]) => name.endsWith('.npy'))
    .map(([file, bytes]): [string, Tensor[]] => {
      const input = find(path, inputs, file.slice(0, -4));
      return [input.name, split(path, input, readNpy(bytes, `${path}:${file}`))];
    });
  return together(path, new Map(columns));
}

/** Nested lists as shape and numbers; null where they are ragged. */
function nested(value: unknown): { shape: number[]; numbers: number[] } | null {
  if (typeof value === 'number' || typeof value === 'boolean')
    return { shape: [], numbers: [Number(value)] };
  if (!Array.isArray(value)) return null;
  const items = value.map(nested);
  const first = items[0];
  const shape = [value.length, ...(first?.shape ?? [])];
  const even = items.every((i) => i !== null && i.shape.join() === first!.shape.join());
  return even ? { shape, numbers: items.flatMap((i) => i!.numbers) } : null;
}

function fromJsonLines(path: string, inputs: readonly Signature[]): Sample[] {
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .map((l) => l.trim());
  return lines.flatMap((line, i): Sample[] => {
    if (line === '') return [];
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (e) {
      return bad(path, `line ${i + 1}: ${(e as Error).message}`);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return bad(path, `line ${i + 1} is no object of inputs`);
    const sample = Object.entries(value).map(([name, x]): [string, Tensor] => {
      const input = find(path, inputs, name);
      const list = nested(x) ?? bad(path, `line ${i + 1}: '${name}' is no list of numbers`);
      const { data, shape } = fromNumbers(input.dtype as DType, list.shape, list.numbers);
      return [name, new Tensor(input.dtype as DType, data, shape)];
    });
    return [Object.fromEntries(sample)];
  });
}

const IMAGES = /\.(png|jpe?g|webp|tiff?|gif|avif|bmp)$/i;

/**
 * Samples of a file or folder, one after the other.
 * @throws HaioError HAIO_E_FILE where it holds nothing of the model's inputs
 */
export async function* readSamples(
  path: string,
  inputs: readonly Signature[],
  images: ImageSpec,
): AsyncGenerator<Sample> {
  try {
    if (statSync(path).isDirectory()) {
      const files = readdirSync(path)
        .filter((f) => IMAGES.test(f))
        .sort();
      if (files.length === 0) bad(path, 'there are no images in it');
      if (inputs.length !== 1) bad(path, `the model has ${inputs.length} inputs, images are one`);
      for (const file of files)
        yield { [inputs[0]!.name]: await imageTensor(join(path, file), inputs[0]!, images) };
      return;
    }
    const kind = extname(path).toLowerCase();
    if (kind === '.npz') yield* fromNpz(path, inputs);
    else if (kind === '.jsonl') yield* fromJsonLines(path, inputs);
    else if (kind === '.npy') {
      if (inputs.length !== 1) bad(path, `the model has ${inputs.length} inputs: use an .npz`);
      const input = inputs[0]!;
      const list = split(path, input, readNpy(readFileSync(path), path));
      yield* together(path, new Map([[input.name, list]]));
    } else bad(path, 'expected a folder of images, .npz, .npy or .jsonl');
  } catch (e) {
    if (e instanceof HaioError) throw e;
    raise('HAIO_E_FILE', { path, reason: (e as Error).message }, e);
  }
}

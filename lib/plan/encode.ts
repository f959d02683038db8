/**
 * The bytes of a compiled model (.haio), little-endian:
 *
 *   head     64 bytes: "HAIO", version u32, crc32 of all up to the weights with this field 0 u32,
 *            crc32 of the weights u32 (0 until the model is saved); then f64: total bytes, start and
 *            length of meta, start and length of data, start of the weights
 *   meta     JSON: everything small; arrays of numbers are [start in data, length]
 *   data     f64 templates and i32 tables, each at a multiple of 8
 *   weights  at a multiple of 4096; each weight at a multiple of 64, of 4096 from 4096 bytes on
 */
import { crc32 } from 'node:zlib';
import type { DimTable } from '../tensor/dim.js';
import { alignUp } from './arena.js';
import type { Json } from './attrs.js';
import { PAGE } from './store.js';
import type { Port, StatePair } from './plan.js';
import { type Words, at } from './words.js';

export const HEAD_BYTES = 64;
export const FILE_MAGIC = 0x4f494148;
export const FILE_VERSION = 2;
/** bytes of the head where fields start */
export const HEAD_FIELDS = { sum: 8, weightSum: 12, sizes: 16, weightsAt: 56 } as const;

export interface NativeDraft extends Words {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly lifespans: Int32Array;
  readonly order: Int32Array;
  readonly flops: Int32Array;
}
export interface HostNodeDraft {
  readonly op: string;
  readonly attrs: Json;
  readonly origin: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly bodies: readonly {
    readonly inputs: readonly number[];
    readonly outputs: readonly number[];
    readonly regions: readonly (NativeDraft | HostDraft)[];
  }[];
}
export interface HostDraft {
  readonly host: readonly HostNodeDraft[];
}

export interface Draft {
  readonly table: DimTable;
  /** [name, dtype | null, shape rows, source]*; source: null, byte in the weights, texts or rows */
  readonly values: readonly Json[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly state: readonly StatePair[];
  /** expression row of the room that state buffers have; null where there are none */
  readonly capacity: number | null;
  readonly regions: readonly (NativeDraft | HostDraft)[];
  readonly kernels: readonly string[];
  readonly origins: readonly string[];
  readonly weightBytes: number;
  /** what those who open it want to know */
  readonly about: Json;
}

/** Arrays one after the other, each at a multiple of 8 bytes. */
class Data {
  readonly arrays: { readonly from: number; readonly array: Float64Array | Int32Array }[] = [];
  bytes = 0;
  put(array: Float64Array | Int32Array): [number, number] {
    const from = this.bytes;
    this.arrays.push({ from, array });
    this.bytes = alignUp(from + array.byteLength, 8);
    return [from, array.length];
  }
}

/** Everything before the weights, where these start, and the length of the whole. */
export function encodeHead(draft: Draft): { head: Uint8Array; weightsAt: number; total: number } {
  const data = new Data();
  const templates: { words: Float64Array; weightWords: readonly number[] }[] = [];
  const regionOf = (r: NativeDraft | HostDraft): Json => {
    if ('host' in r)
      return {
        host: r.host.map(({ op, attrs, origin, inputs, outputs, bodies }): Json => {
          const plans = bodies.map((b): Json => [b.inputs, b.outputs, b.regions.map(regionOf)]);
          return [op, attrs, origin, inputs, outputs, plans];
        }),
      };
    const words = r.words.slice();
    words[at('kernels')] = draft.kernels.length;
    templates.push({ words, weightWords: r.weightWords });
    return {
      inputs: r.inputs,
      outputs: r.outputs,
      template: data.put(words),
      patches: data.put(r.patches),
      lifespans: data.put(r.lifespans),
      order: data.put(r.order),
      flops: data.put(r.flops),
    };
  };
  const regions = draft.regions.map(regionOf);
  const meta = new TextEncoder().encode(
    JSON.stringify({
      symbols: draft.table.symbols.map((s) => [s.name, s.min, s.max, s.typical]),
      rows: data.put(Int32Array.from(draft.table.rows)),
      values: draft.values,
      inputs: draft.inputs.map((p) => [p.name, p.value]),
      outputs: draft.outputs.map((p) => [p.name, p.value]),
      state: draft.state.map((p) => [p.input, p.output, p.axis]),
      capacity: draft.capacity,
      regions,
      kernels: draft.kernels,
      origins: draft.origins,
      about: draft.about,
    } satisfies Json),
  );
  const dataAt = alignUp(HEAD_BYTES + meta.byteLength, 8);
  const weightsAt = alignUp(dataAt + data.bytes, PAGE);
  const total = weightsAt + draft.weightBytes;
  for (const { words, weightWords } of templates)
    for (const w of weightWords) words[w]! += weightsAt;

  const head = new Uint8Array(weightsAt);
  const view = new DataView(head.buffer);
  [FILE_MAGIC, FILE_VERSION].forEach((v, i) => view.setUint32(4 * i, v, true));
  [total, HEAD_BYTES, meta.byteLength, dataAt, data.bytes, weightsAt].forEach((v, i) =>
    view.setFloat64(HEAD_FIELDS.sizes + 8 * i, v, true),
  );
  head.set(meta, HEAD_BYTES);
  for (const { from, array } of data.arrays)
    head.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), dataAt + from);
  view.setUint32(HEAD_FIELDS.sum, crc32(head), true);
  return { head, weightsAt, total };
}

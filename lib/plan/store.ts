/** The weights of a compiled model: which bytes stand where, in the order of their first use. */
import type { Buffer, Operand, StepSpec } from '../ir/step.js';
import { bytesOf } from '../tensor/dtype.js';
import type { Weight } from '../tensor/weight.js';
import { alignUp } from './arena.js';
import type { ConstantGroup } from './fold.js';

export const PAGE = 4096;

/** First byte and number of bytes of the range that a weight's elements span. */
export function rangeOf(w: Weight): { first: number; bytes: number } {
  const size = bytesOf(w.dtype);
  const empty = w.shape.some((d) => d === 0);
  const last = w.shape.reduce((sum, d, i) => sum + (d - 1) * w.strides[i]!, 0);
  return { first: w.offset * size, bytes: empty ? 0 : (last + 1) * size };
}

const bufferIds = new WeakMap<ArrayBufferLike, number>();
let ids = 0;

/** Equal for weights whose elements span the same bytes. */
function keyOf(w: Weight): string {
  const { buffer, byteOffset } = w.bytes;
  let id = bufferIds.get(buffer);
  if (id === undefined) bufferIds.set(buffer, (id = ++ids));
  const { first, bytes } = rangeOf(w);
  return `${id}:${byteOffset + first}:${bytes}`;
}

/** Equal for groups of steps that compute the same results from the same weights. */
function groupKey({ steps, results }: ConstantGroup): string {
  const local = new Map<Buffer, number>();
  const buffer = (b: Buffer): string => {
    if (b.weight) return keyOf(b.weight);
    if (!local.has(b)) local.set(b, local.size);
    return `#${local.get(b)!}`;
  };
  const operand = (o: Operand | null): unknown =>
    o && [buffer(o.buffer), o.dtype, o.offset, o.shape, o.strides];
  const step = (s: StepSpec): unknown => [
    s.kernel,
    s.params,
    s.inputs.map(operand),
    s.outputs.map(operand),
    s.stages ?? [],
  ];
  return JSON.stringify([steps.map((s) => step(s.spec)), results.map((r) => buffer(r.made))]);
}

export class WeightStore {
  /** length in bytes */
  bytes = 0;
  /** what is copied, and where */
  readonly copies: { readonly at: number; readonly data: Uint8Array }[] = [];
  /** what must be computed, and where the results go */
  readonly groups: { readonly group: ConstantGroup; readonly at: readonly number[] }[] = [];
  readonly #weights = new Map<string, number>();
  readonly #byKey = new Map<string, readonly number[]>();
  readonly #owner = new Map<Buffer, ConstantGroup>();
  readonly #results = new Map<Buffer, number>();

  #take(bytes: number): number {
    const at = alignUp(this.bytes, bytes >= PAGE ? PAGE : 64);
    this.bytes = at + bytes;
    return at;
  }

  /** Makes the results of a group known; they get their places when first asked for. */
  announce(group: ConstantGroup): void {
    for (const { weight } of group.results) this.#owner.set(weight, group);
  }

  /** The byte where element 0 of the weight's `bytes` would stand: elements keep their offsets. */
  weight(w: Weight): number {
    const { first, bytes } = rangeOf(w);
    const key = keyOf(w);
    let at = this.#weights.get(key);
    if (at === undefined) {
      at = this.#take(bytes);
      this.#weights.set(key, at);
      this.copies.push({ at, data: w.bytes.subarray(first, first + bytes) });
    }
    return at - first;
  }

  /** The byte where data starts that is handed over as it is. */
  raw(data: Uint8Array): number {
    const at = this.#take(data.byteLength);
    this.copies.push({ at, data });
    return at;
  }

  /** The byte where a weight buffer that constant steps make starts. */
  result(b: Buffer): number {
    const group = this.#owner.get(b)!;
    if (!this.#results.has(b)) {
      const key = groupKey(group);
      let at = this.#byKey.get(key);
      if (!at) {
        at = group.results.map((r) => this.#take(r.made.bytes as number));
        this.#byKey.set(key, at);
        this.groups.push({ group, at });
      }
      group.results.forEach((r, i) => this.#results.set(r.weight, at[i]!));
    }
    return this.#results.get(b)!;
  }
}

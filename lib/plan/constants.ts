/** Fills the weights of a new model: copies what is stored, runs the steps that make the rest. */
import { raise } from '../errors.js';
import type { Buffer } from '../ir/step.js';
import { failure } from '../native/binding.js';
import type { Addon, OpRowInfo, RunResult, View } from '../native/types.js';
import { DimTable } from '../tensor/dim.js';
import { type DType, bytesOf, viewBytes } from '../tensor/dtype.js';
import type { Weight } from '../tensor/weight.js';
import { alignUp } from './arena.js';
import type { ConstantGroup } from './fold.js';
import { moveItems } from './items.js';
import { planRegion } from './region.js';
import { type WeightStore, rangeOf } from './store.js';
import { KernelList } from './words.js';

export interface FillTarget {
  readonly native: Addon;
  readonly rows: readonly OpRowInfo[];
  readonly isa: string;
  readonly model: number;
  /** byte of the model where the weights start */
  readonly weightsAt: number;
}

/** Views of bytes at any address; what is not aligned is copied into one piece of memory for all groups. */
class Aligned {
  #buffer = new ArrayBuffer(0);
  #used = 0;
  /** Gives up the views made so far. */
  clear(): void {
    this.#used = 0;
  }
  view(dtype: DType, bytes: Uint8Array): View {
    if (bytes.byteOffset % bytesOf(dtype) === 0) return viewBytes(dtype, bytes);
    const at = alignUp(this.#used);
    if (at + bytes.length > this.#buffer.byteLength) {
      this.#buffer = new ArrayBuffer(alignUp(at + bytes.length));
    }
    this.#used = at + bytes.length;
    const copy = new Uint8Array(this.#buffer, at, bytes.length);
    copy.set(bytes);
    return viewBytes(dtype, copy);
  }
}

/** One group of constant steps at a time is in memory, beside the model. */
export function fillWeights(store: WeightStore, target: FillTarget): void {
  const aligned = new Aligned();
  const { native, model, weightsAt } = target;
  for (const { at, data } of store.copies)
    if (data.byteLength > 0) native.modelWrite(model, weightsAt + at, data);
  for (const { group, at } of store.groups) {
    aligned.clear();
    runGroup(group, at, target, aligned);
  }
}

function runGroup(
  group: ConstantGroup,
  at: readonly number[],
  { native, rows, isa, model, weightsAt }: FillTarget,
  aligned: Aligned,
): void {
  const kernels = new KernelList(rows);
  const weights: Weight[] = [];
  const moved = new Map<Buffer, Buffer>();
  group.results.forEach(({ made }, index) => moved.set(made, { kind: 'output', bytes: 0, index }));
  const to = (b: Buffer): Buffer => {
    let other = moved.get(b);
    if (!other && b.weight) {
      other = { kind: 'input', bytes: 0, index: weights.length };
      weights.push(b.weight);
      moved.set(b, other);
    }
    return other ?? b;
  };
  const items = moveItems(group.steps, to);
  const ranges = weights.map(rangeOf);
  const region = planRegion(
    {
      items,
      inputs: weights.map((w, i) => ({
        dtype: w.dtype,
        shape: [ranges[i]!.bytes / bytesOf(w.dtype)],
      })),
      outputs: group.results.map(({ made, dtype }) => ({
        dtype,
        shape: [(made.bytes as number) / bytesOf(dtype)],
      })),
      origin: () => 0,
      locate: (b) => ({
        kind: b.kind,
        index: b.index!,
        base: b.kind === 'input' ? -ranges[b.index!]!.first : 0,
      }),
    },
    new DimTable(),
    kernels,
  );
  const views: View[] = weights.map((w, i) => {
    const { first, bytes } = ranges[i]!;
    return aligned.view(w.dtype, w.bytes.subarray(first, first + bytes));
  });
  const outputs = group.results.map(({ made }, i) => ({
    model,
    offset: weightsAt + at[i]!,
    bytes: made.bytes as number,
  }));
  const options = { model, isa, threads: 0 };
  let result: RunResult;
  try {
    result = native.execute(region.words, kernels.names, views, outputs, options);
  } catch (e) {
    throw failure(e);
  }
  if (result.code !== 0) {
    const node = group.steps[0]?.node;
    raise('HAIO_E_DATA', {
      node: node?.origin[0] ?? '',
      op: node?.op.name ?? '',
      reason: `status ${result.code} (value ${result.value}) while computing constants`,
    });
  }
}

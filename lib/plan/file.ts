/**
 * Compiled models as files: the bytes of lib/plan/encode.ts. A file is written beside its place and
 * moved there when it is whole. Tables are checked at every opening, weights when that is asked for.
 */
import { open, rename, rm } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { raise } from '../errors.js';
import { failure } from '../native/binding.js';
import { nextTurn } from '../native/turn.js';
import type { Addon } from '../native/types.js';
import { FILE_MAGIC, HEAD_BYTES, HEAD_FIELDS } from './encode.js';

/** bytes handled per turn of the event loop */
const SLICE = 4 << 20;

/** Parts of the bytes [from, to) of a model in order, with turns of the event loop between them. */
async function* slices(
  native: Addon,
  model: number,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to; at += SLICE) {
    if (at > from) await nextTurn();
    yield native.modelRead(model, at, Math.min(SLICE, to - at));
  }
}

async function weightSum(native: Addon, model: number, weightsAt: number): Promise<number> {
  let sum = 0;
  for await (const part of slices(native, model, weightsAt, native.modelBytes(model)))
    sum = crc32(part, sum);
  return sum;
}

const weightsOf = (head: Uint8Array): number =>
  new DataView(head.buffer, head.byteOffset).getFloat64(HEAD_FIELDS.weightsAt, true);

/** Whether bytes begin as a compiled model does. */
export const isPlan = (start: Uint8Array): boolean =>
  start.length >= 4 &&
  new DataView(start.buffer, start.byteOffset).getUint32(0, true) === FILE_MAGIC;

/** Whether the file begins as a compiled model does; false where it cannot be read. */
export async function isPlanFile(path: string): Promise<boolean> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(new Uint8Array(4), 0, 4, 0);
    return isPlan(buffer.subarray(0, bytesRead));
  } catch {
    return false;
  }
}

/** The head of a model with the checksum of its weights, and that of its tables made anew. */
async function sealedHead(native: Addon, model: number): Promise<Uint8Array> {
  const weightsAt = weightsOf(native.modelRead(model, 0, HEAD_BYTES));
  const head = native.modelRead(model, 0, weightsAt).slice();
  const view = new DataView(head.buffer);
  view.setUint32(HEAD_FIELDS.weightSum, await weightSum(native, model, weightsAt), true);
  view.setUint32(HEAD_FIELDS.sum, 0, true);
  view.setUint32(HEAD_FIELDS.sum, crc32(head), true);
  return head;
}

/**
 * Writes a model of the registry to a file.
 * @throws HaioError HAIO_E_FILE
 */
export async function savePlan(native: Addon, model: number, path: string): Promise<void> {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    const head = await sealedHead(native, model);
    {
      await using file = await open(draft, 'w');
      await file.writeFile(head);
      for await (const part of slices(native, model, head.length, native.modelBytes(model)))
        await file.writeFile(part);
      await file.sync();
    }
    await rename(draft, path);
  } catch (e) {
    await rm(draft, { force: true });
    raise('HAIO_E_FILE', { path, reason: (e as Error).message }, e);
  }
}

/**
 * Puts a file's bytes into the registry: mapped, so that processes share its pages.
 * @throws HaioError HAIO_E_FILE
 */
export function openPlanFile(native: Addon, path: string): number {
  try {
    return native.modelOpen(path);
  } catch (e) {
    throw failure(e);
  }
}

/** Puts a copy of the bytes into the registry. */
export async function openPlanBytes(native: Addon, bytes: Uint8Array): Promise<number> {
  const model = native.modelCreate(bytes.length);
  for (let at = 0; at < bytes.length; at += SLICE) {
    if (at > 0) await nextTurn();
    native.modelWrite(model, at, bytes.subarray(at, at + SLICE));
  }
  return model;
}

/**
 * Compares the weights with their checksum; call after openModel, which checks the tables.
 * @throws HaioError HAIO_E_PLAN
 */
export async function verifyWeights(native: Addon, model: number): Promise<void> {
  const head = native.modelRead(model, 0, HEAD_BYTES);
  const expected = new DataView(head.buffer, head.byteOffset).getUint32(
    HEAD_FIELDS.weightSum,
    true,
  );
  if ((await weightSum(native, model, weightsOf(head))) !== expected)
    raise('HAIO_E_PLAN', { reason: 'the checksum of its weights is wrong' });
}

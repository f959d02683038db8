/** MurmurHash3 (com.microsoft): MurmurHash3_x86_32 (Appleby, 2011) of each element's bytes or of its UTF-8. */
import { defineOp, typeError } from '../ir/op.js';
import { type Tensor, sizeOf, tensor } from '../tensor/tensor.js';
import { tensorAt } from './facts.js';

export interface MurmurHash3Attrs {
  /** unsigned 32-bit */
  readonly seed: number;
  /** uint32, else int32 */
  readonly positive: boolean;
}

const turned = (x: number, by: number): number => (x << by) | (x >>> (32 - by));
const mixed = (k: number): number => Math.imul(turned(Math.imul(k, 0xcc9e2d51), 15), 0x1b873593);

/** The hash of bytes as an int32. */
function hashOf(bytes: Uint8Array, seed: number): number {
  const words = Math.floor(bytes.length / 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let h = seed | 0;
  for (let i = 0; i < words; i++)
    h = (Math.imul(turned(h ^ mixed(view.getInt32(4 * i, true)), 13), 5) + 0xe6546b64) | 0;
  const rest = bytes.subarray(4 * words);
  if (rest.length > 0) h ^= mixed(rest.reduceRight((k, byte) => (k << 8) | byte, 0));
  h ^= bytes.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

const WIDE = ['int32', 'uint32', 'int64', 'uint64', 'float32', 'float64', 'string'];

/** The bytes of element i. */
function bytesAt(t: Tensor): (i: number) => Uint8Array {
  if (t.dtype === 'string') {
    const encoder = new TextEncoder();
    return (i) => encoder.encode((t.data as readonly string[])[i]);
  }
  const data = t.data as Float64Array;
  const size = data.BYTES_PER_ELEMENT;
  return (i) => new Uint8Array(data.buffer, data.byteOffset + i * size, size);
}

export const MurmurHash3 = defineOp<MurmurHash3Attrs>({
  name: 'MurmurHash3',
  infer(inputs, { positive }) {
    const { dtype, shape } = tensorAt(inputs, 0);
    if (!WIDE.includes(dtype)) typeError(`hashes of ${dtype}`);
    return [{ type: { dtype: positive ? 'uint32' : 'int32', shape } }];
  },
  eval([x], { seed, positive }) {
    const bytes = bytesAt(x!);
    const all = Int32Array.from({ length: sizeOf(x!.shape) }, (_, i) => hashOf(bytes(i), seed));
    return [
      positive
        ? tensor('uint32', x!.shape, new Uint32Array(all.buffer))
        : tensor('int32', x!.shape, all),
    ];
  },
  onnx: [
    {
      type: 'MurmurHash3',
      since: 1,
      domain: 'com.microsoft',
      read: (n) => ({ seed: n.int('seed', 0) >>> 0, positive: n.int('positive', 1) !== 0 }),
    },
  ],
});

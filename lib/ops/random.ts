/** Random tensors. A seed gives the same numbers at every run; without one they differ. */
import { raise } from '../errors.js';
import type { Fact, TensorType } from '../ir/graph.js';
import { type OnnxEntry, type OnnxNode, type OpDef, defineOp } from '../ir/op.js';
import { type DType, dtypeOfOnnx } from '../tensor/dtype.js';
import { fromNumbers, sizeOf } from '../tensor/tensor.js';
import { tensorAt } from './facts.js';

export interface RandomAttrs {
  /** null: that of input 0 */
  readonly dtype: DType | null;
  /** null: that of input 0 */
  readonly shape: readonly number[] | null;
  /** null: chance */
  readonly seed: number | null;
  /** lower and upper end, or mean and standard deviation */
  readonly range: readonly [number, number];
}

/** Spreads 32 bits: the finalizer of MurmurHash3 (Appleby). */
function mixed(x: number): number {
  let h = x;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Numbers in [0, 1) of 53 bits: hashes of a counter that starts at the bits of the seed. */
export function generator(seed: number | null): () => number {
  if (seed === null) return Math.random;
  let state = mixed(new Uint32Array(Float32Array.of(seed).buffer)[0]! + 0x9e3779b9);
  const next = (): number => mixed((state = (state + 0x9e3779b9) | 0));
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}

export const seedOf = (n: OnnxNode): number | null => (n.has('seed') ? n.float('seed') : null);

/** The attribute `dtype`, or null where it is absent. */
export function randomType(n: OnnxNode): DType | null {
  if (!n.has('dtype')) return null;
  const got = n.int('dtype');
  return (
    dtypeOfOnnx(got) ??
    raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: 'dtype',
      expected: 'a known element type',
      got,
    })
  );
}

function typeOf(inputs: readonly (Fact | null)[], { dtype, shape }: RandomAttrs): TensorType {
  if (dtype && shape) return { dtype, shape };
  const like = tensorAt(inputs, 0);
  return { dtype: dtype ?? like.dtype, shape: shape ?? like.shape };
}

/**
 * The operators `name` (with a shape) and `name`Like (with a tensor of that shape). `draw` makes one
 * number from uniform ones; `range` reads the two numbers that steer it.
 */
export function random(
  name: string,
  range: (n: OnnxNode) => readonly [number, number],
  draw: (next: () => number, range: readonly [number, number]) => number,
): OpDef<RandomAttrs> {
  const common = (n: OnnxNode): Pick<RandomAttrs, 'seed' | 'range'> => ({
    seed: seedOf(n),
    range: range(n),
  });
  const onnx: OnnxEntry<RandomAttrs>[] = [
    {
      type: name,
      since: 1,
      read: (n) => ({ dtype: randomType(n) ?? 'float32', shape: n.ints('shape'), ...common(n) }),
    },
    {
      type: `${name}Like`,
      since: 1,
      read: (n) => ({ dtype: randomType(n), shape: null, ...common(n) }),
    },
  ];
  return defineOp<RandomAttrs>({
    name,
    traits: ['impure'],
    infer: (inputs, attrs) => [{ type: typeOf(inputs, attrs) }],
    eval([x], attrs) {
      const shape = attrs.shape ?? x!.shape;
      const next = generator(attrs.seed);
      const values = Array.from({ length: sizeOf(shape) }, () => draw(next, attrs.range));
      return [fromNumbers(attrs.dtype ?? x!.dtype, shape, values)];
    },
    onnx,
  });
}

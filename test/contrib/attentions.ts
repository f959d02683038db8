/** Cases: attention in all its forms, rotary embeddings, and the norms around them. */
import type { Tensor } from '../../lib/tensor/tensor.js';
import { fromNumbers, tensor, toNumbers } from '../../lib/tensor/tensor.js';
import type { DType } from '../../lib/tensor/dtype.js';
import { type Dice, type Draw, type NodeCase, i32, i64 } from './case.js';

const F = 'float32' as const;
/** Where a row may see nothing: scores less 10000 have few digits left in float32. */
const MASKED = 4e-3;
const float = (x: number): { float: number } => ({ float: x });

/** Bits of which the first of each row is 1: no row sees nothing. */
function bits(r: Dice, ...shape: number[]): Tensor {
  const row = shape.at(-1)!;
  const m = r.ints('int32', shape, 0, 2);
  const data = (m.data as Int32Array).map((x, i) => (i % row === 0 ? 1 : x));
  return tensor('int32', shape, data);
}

/** A mask of one of its forms, for `keys` keys. */
function maskFor(r: Dice, b: number, rows: number, keys: number): Tensor | null {
  const count = (): number => r.int(1, keys + 1);
  return r.pick([
    () => null,
    () => i32([b], ...Array.from({ length: b }, count)),
    () => {
      const ends = Array.from({ length: b }, count);
      return i32([2 * b], ...ends, ...ends.map((e) => r.int(0, e)));
    },
    () => bits(r, b, keys),
    () => bits(r, b, rows, keys),
  ])();
}

function selfAttention(r: Dice): NodeCase {
  const [b, l, heads, d] = [r.int(1, 3), r.int(1, 6), r.int(1, 4), r.pick([2, 4, 8])];
  const hidden = heads * d;
  const past = r.chance(0.4) ? r.int(0, 4) : null;
  const e = past === null && r.chance(0.3) ? r.pick([2, 6]) : d;
  const width = 2 * hidden + heads * e;
  const keys = l + (past ?? 0);
  const causal = r.int(0, 2);
  const inputs: (Tensor | null)[] = [
    r.tensor([b, l, 5]),
    r.tensor([5, width], 0.5),
    r.tensor([width]),
    maskFor(r, b, l, keys),
    past === null ? null : r.tensor([2, b, heads, past, d]),
    past === null && r.chance(0.3) ? r.tensor([r.pick([1, b]), r.pick([1, heads]), l, keys]) : null,
  ];
  return {
    op: 'Attention',
    inputs,
    tolerance: MASKED,
    outputs: past === null ? [F] : [F, F],
    constants: [1, 2],
    attributes: {
      num_heads: heads,
      unidirectional: causal,
      ...(e === d ? {} : { qkv_hidden_sizes: [hidden, hidden, heads * e] }),
      ...(r.chance(0.3) ? { scale: float(0.3) } : {}),
      ...(r.chance(0.3) ? { mask_filter_value: float(-1000) } : {}),
    },
  };
}

function multiHead(r: Dice): NodeCase {
  const [b, l, heads, d] = [r.int(1, 3), r.int(1, 6), r.int(1, 4), r.pick([2, 4, 8])];
  const form = r.pick(['plain', 'qkv', 'kv', 'cross']);
  const hidden = heads * d;
  const e = form === 'plain' && r.chance(0.3) ? r.pick([2, 6]) : d;
  const self = form === 'qkv' || (form === 'plain' && r.chance());
  const length = self ? l : r.int(1, 6);
  const past = form === 'plain' && self && e === d && r.chance() ? r.int(1, 4) : 0;
  const keys = length + past;
  const sides: Record<string, () => (Tensor | null)[]> = {
    plain: () => [
      r.tensor([b, l, hidden]),
      r.tensor([b, length, hidden]),
      r.tensor([b, length, heads * e]),
    ],
    qkv: () => [r.tensor([b, l, heads, 3, d]), null, null],
    kv: () => [r.tensor([b, l, hidden]), r.tensor([b, length, heads, 2, d]), null],
    cross: () => [
      r.tensor([b, l, hidden]),
      r.tensor([b, heads, length, d]),
      r.tensor([b, heads, length, d]),
    ],
  };
  const mask = r.pick([
    () => null,
    () => i32([b], ...Array.from({ length: b }, () => r.int(1, keys + 1))),
    () => bits(r, b, keys),
  ])();
  const cached = past > 0 || (form === 'plain' && r.chance(0.3));
  return {
    op: 'MultiHeadAttention',
    inputs: [
      ...sides[form]!(),
      form === 'plain' && r.chance() ? r.tensor([2 * hidden + heads * e]) : null,
      mask,
      r.chance(0.3) ? r.tensor([r.pick([1, b]), r.pick([1, heads]), l, keys]) : null,
      past > 0 ? r.tensor([b, heads, past, d]) : null,
      past > 0 ? r.tensor([b, heads, past, d]) : null,
    ],
    outputs: cached ? [F, F, F] : [F],
    tolerance: MASKED,
    attributes: {
      num_heads: heads,
      unidirectional: self ? r.int(0, 2) : 0,
      ...(r.chance(0.3) ? { scale: float(0.3) } : {}),
    },
  };
}

function decoderMasked(r: Dice): NodeCase {
  const [b, heads, d, past] = [r.int(1, 3), r.int(1, 4), r.pick([4, 8]), r.int(1, 5)];
  const hidden = heads * d;
  const cross = r.chance(0.3);
  const shared = !cross;
  const room = past + r.int(1, 4);
  const keys = cross ? past : past + 1;
  const key = (): Tensor => (cross ? r.tensor([b, heads, past, d]) : r.tensor([b, 1, hidden]));
  return {
    op: 'DecoderMaskedMultiHeadAttention',
    inputs: [
      r.tensor([b, 1, hidden]),
      key(),
      key(),
      r.chance() ? bits(r, b, keys) : null,
      null,
      cross ? null : r.tensor([b, heads, room, d]),
      cross ? null : r.tensor([b, heads, room, d]),
      shared ? i32([1], past) : null,
      null,
      null,
      !cross && r.chance() ? r.tensor([3 * hidden]) : null,
    ],
    outputs: cross ? [F] : [F, F, F],
    closed: true,
    attributes: { num_heads: heads, past_present_share_buffer: Number(shared) },
  };
}

/** Cosines and sines of angles, [length, half]. */
function tables(length: number, half: number): [Tensor, Tensor] {
  const of = (f: (x: number) => number): Tensor =>
    fromNumbers(
      'float32',
      [length, half],
      Array.from({ length: length * half }, (_, i) =>
        f(Math.floor(i / half) * 100 ** (-(i % half) / half)),
      ),
    );
  return [of(Math.cos), of(Math.sin)];
}

/** Zero where the position is `from` or later. */
function emptied(t: Tensor, from: readonly number[]): Tensor {
  const [, k, l, d] = t.shape as [number, number, number, number];
  const data = toNumbers(t).map((x, i) =>
    Math.floor(i / d) % l >= from[Math.floor(i / (d * l * k))]! ? 0 : x,
  );
  return fromNumbers('float32', t.shape, data);
}

function groupQuery(r: Dice): NodeCase {
  const shared = r.int(1, 3);
  const heads = shared * r.int(1, 4);
  const rotary = r.chance();
  const d = rotary ? r.pick([16, 32]) : r.pick([8, 16]);
  const form = r.pick(['prompt', 'grow', 'buffer', 'ragged']);
  const b = form === 'ragged' ? r.int(2, 4) : r.pick([1, 1, 2]);
  const before = form === 'prompt' ? 0 : r.int(1, 6);
  const l = form === 'prompt' ? r.int(1, 7) : form === 'grow' && b === 1 ? r.int(1, 4) : 1;
  const starts = Array.from({ length: b }, (_, i) =>
    form === 'ragged' && i > 0 ? r.int(1, before + 1) : before,
  );
  const total = before + l;
  const room = form === 'buffer' || form === 'ragged' ? total + r.int(0, 4) : before;
  const past = (): Tensor | null =>
    form === 'prompt' && r.chance() ? null : emptied(r.tensor([b, shared, room, d]), starts);
  const [pastKey, pastValue] = [past(), past()];
  const both = pastKey && pastValue;
  const packed = r.chance(0.3);
  const kv = (): Tensor | null => (packed ? null : r.tensor([b, l, shared * d]));
  const [cos, sin] = tables(total + 3, r.chance(0.3) ? 8 : d / 2);
  const lengths = i32([b], ...starts.map((s) => s + l - 1));
  return {
    op: 'GroupQueryAttention',
    inputs: [
      r.tensor([b, l, (packed ? heads + 2 * shared : heads) * d]),
      kv(),
      kv(),
      both ? pastKey : null,
      both ? pastValue : null,
      lengths,
      i32([], total),
      rotary ? cos : null,
      rotary ? sin : null,
      null,
      r.chance(0.2) ? r.tensor([r.pick([1, b]), r.pick([1, heads]), l, total]) : null,
      r.chance(0.2) ? r.tensor([heads]) : null,
    ],
    outputs: [F, F, F],
    constants: [...(form === 'grow' ? [6] : []), ...(rotary ? [7, 8] : [])],
    closed: room > before || form === 'ragged',
    attributes: {
      num_heads: heads,
      kv_num_heads: shared,
      do_rotary: Number(rotary),
      rotary_interleaved: r.int(0, 2),
      ...(r.chance(0.3) ? { local_window_size: r.int(1, 5) } : {}),
      ...(r.chance(0.2) ? { softcap: float(2) } : {}),
      ...(r.chance(0.2) ? { smooth_softmax: 1 } : {}),
      ...(r.chance(0.3) ? { scale: float(0.3) } : {}),
    },
  };
}

function rotaryEmbedding(r: Dice): NodeCase {
  const [b, l, heads] = [r.int(1, 3), r.int(1, 5), r.int(1, 4)];
  const d = r.pick([4, 8, 16]);
  const flat = r.chance();
  const partial = r.chance(0.3);
  const [cos, sin] = tables(l + 9, (partial ? d / 2 : d) / 2);
  const positions = r.chance()
    ? i64([1], r.int(0, 9))
    : i64([b, l], ...Array.from({ length: b * l }, () => r.int(0, l + 9)));
  return {
    op: 'RotaryEmbedding',
    inputs: [flat ? r.tensor([b, l, heads * d]) : r.tensor([b, heads, l, d]), positions, cos, sin],
    outputs: [F],
    constants: [2, 3],
    attributes: {
      interleaved: r.int(0, 2),
      ...(partial ? { num_heads: heads, rotary_embedding_dim: d / 2 } : {}),
    },
  };
}

/** A norm of the sum of two tensors. */
const skipNorm =
  (op: string, centred: boolean): Draw =>
  (r) => {
    const [b, l, c] = [r.int(1, 3), r.int(1, 5), r.int(1, 20)];
    const skip = r.pick([
      [b, l, c],
      [1, l, c],
      [l, c],
    ]);
    const beta = centred && r.chance() ? [r.tensor([c])] : centred ? [null] : [];
    const bias = r.chance() ? [r.tensor([c])] : [];
    const inputs = [r.tensor([b, l, c]), r.tensor(skip), r.tensor([c]), ...beta, ...bias];
    const sum: (DType | null)[] = r.chance() ? [F, null, null, F] : [F];
    return {
      op,
      inputs,
      outputs: sum,
      attributes: { epsilon: float(1e-5) },
      constants: [2, 3, 4].slice(0, inputs.length - 2),
    };
  };

function embedNorm(r: Dice): NodeCase {
  const [b, l, c] = [r.int(1, 3), r.int(1, 5), r.int(1, 12)];
  const segments = r.chance();
  return {
    op: 'EmbedLayerNormalization',
    inputs: [
      r.ints('int32', [b, l], 0, 9),
      segments ? r.ints('int32', [b, l], 0, 2) : null,
      r.tensor([9, c]),
      r.tensor([12, c]),
      segments ? r.tensor([2, c]) : null,
      r.tensor([c]),
      r.tensor([c]),
      r.chance() ? r.ints('int32', [b, l], 0, 2) : null,
      r.chance(0.3) ? r.ints('int32', [r.pick([1, b]), l], 0, 12) : null,
    ],
    outputs: r.chance() ? [F, 'int32', F] : [F, 'int32'],
    constants: [2, 3, 4, 5, 6].filter((i) => i !== 4 || segments),
  };
}

export const ATTENTIONS: Readonly<Record<string, Draw>> = {
  SkipLayerNormalization: skipNorm('SkipLayerNormalization', true),
  SkipSimplifiedLayerNormalization: skipNorm('SkipSimplifiedLayerNormalization', false),
  SimplifiedLayerNormalization: (r) => {
    const c = r.int(1, 20);
    return {
      op: 'SimplifiedLayerNormalization',
      domain: '',
      inputs: [r.tensor([2, 3, c]), r.tensor([c])],
      outputs: [F],
      constants: [1],
      attributes: { axis: -1, epsilon: float(1e-5), stash_type: 1 },
    };
  },
  EmbedLayerNormalization: embedNorm,
  Attention: selfAttention,
  MultiHeadAttention: multiHead,
  DecoderMaskedMultiHeadAttention: decoderMasked,
  GroupQueryAttention: groupQuery,
  RotaryEmbedding: rotaryEmbedding,
};

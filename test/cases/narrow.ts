/** Products of operands rounded to bfloat16. */
import { Add } from '../../lib/ops/add.js';
import { Attention, type AttentionAttrs } from '../../lib/ops/attention.js';
import { Cast } from '../../lib/ops/cast.js';
import { Conv, type ConvAttrs } from '../../lib/ops/conv.js';
import { Gelu } from '../../lib/ops/gelu.js';
import { MatMul } from '../../lib/ops/mat-mul.js';
import { Relu } from '../../lib/ops/relu.js';
import type { OpDef } from '../../lib/ir/op.js';
import type { GraphStage } from '../../lib/ir/stages.js';
import { type CaseInput, type OpCase, opCase } from '../op-suite.js';

const stage = <A>(op: OpDef<A>, attrs: A, ...args: number[]): GraphStage => ({ op, attrs, args });
const to = (dtype: 'float32' | 'bfloat16', slot: number): GraphStage =>
  stage(Cast, { to: dtype }, slot);
const near = { rtol: 1e-4, atol: 1e-4 };
/** of results rounded to bfloat16: one step of it */
const coarse = { rtol: 8e-3, atol: 1e-4 };
const shape = (...s: number[]): CaseInput => ({ shape: s });
const weight = (...s: number[]): CaseInput => ({ shape: s, constant: true });
const bf16 = (...s: number[]): CaseInput => ({ shape: s, dtype: 'bfloat16' });

const product = (name: string, stages: readonly GraphStage[], ...inputs: CaseInput[]): OpCase => {
  const rounds = stages.some((s) => (s.attrs as { to?: string }).to === 'bfloat16');
  const attrs = { stages, narrow: 'bfloat16' as const };
  return opCase({ op: MatMul, name, attrs, inputs, ...(rounds ? coarse : near) });
};

function conv(
  name: string,
  x: CaseInput,
  w: readonly number[],
  more: Partial<ConvAttrs> = {},
  ...extras: (CaseInput | null)[]
): OpCase {
  const kernel = w.slice(2);
  const ones = kernel.map(() => 1);
  const attrs: ConvAttrs = {
    kernel,
    strides: ones,
    dilations: ones,
    pads: kernel.map(() => [0, 0] as const),
    group: 1,
    stages: [],
    narrow: 'bfloat16',
    ...more,
  };
  return opCase({ op: Conv, name, attrs, inputs: [x, weight(...w), ...extras], ...near });
}
const around = {
  pads: [
    [1, 1],
    [1, 1],
  ],
} as const;

/** Heads of queries and of keys; lengths of queries and keys; sizes of a key and a value. */
function attention(
  name: string,
  [b, h, k]: readonly [number, number, number],
  [lq, lk]: readonly [number, number],
  [d, e]: readonly [number, number],
  more: Partial<AttentionAttrs> = {},
  ...mask: CaseInput[]
): OpCase {
  const attrs = { scale: 1 / Math.sqrt(d), causal: false, narrow: 'bfloat16' as const, ...more };
  const form = more.to ? bf16 : shape;
  const inputs = [form(b, h, lq, d), form(b, k, lk, d), form(b, k, lk, e), ...mask];
  // the kernel rounds weights relative to the greatest score of a block of keys
  return opCase({ op: Attention, name, attrs, inputs, rtol: 8e-3, atol: 8e-3 });
}
const stored = { to: 'bfloat16' } as const;

const ROWS = [1, 7, 16, 17, 31, 33, 49];
const COLUMNS = [1, 16, 17, 33, 70];

export const cases: readonly OpCase[] = [
  ...ROWS.map((m, i) =>
    product(`of ${m} rows`, [], shape(m, 40), weight(40, COLUMNS[i % COLUMNS.length]!)),
  ),
  ...COLUMNS.map((n) => product(`of ${n} columns in place`, [], bf16(19, 64), weight(64, n))),
  product('of long rows', [], bf16(35, 1600), weight(1600, 40)),
  product('of rows that are no whole steps', [], bf16(5, 3), weight(3, 20)),
  product('of no k', [], shape(3, 0), shape(0, 20)),
  product('of batches', [], shape(3, 5, 33), shape(3, 33, 18)),
  product('with one weight for batches', [], bf16(2, 3, 64), weight(64, 18)),
  product('of both sides in bfloat16', [], bf16(17, 32), bf16(32, 21)),
  product('rounded', [to('bfloat16', 0)], bf16(9, 32), weight(32, 21)),
  product(
    'with bias, residual and relu',
    [stage(Add, {}, 0, 1), stage(Add, {}, 4, 2), stage(Relu, {}, 5), to('bfloat16', 6)],
    bf16(33, 64),
    weight(64, 37),
    weight(37),
    shape(33, 37),
    shape(1),
  ),
  product(
    'with a narrow residual',
    [to('float32', 1), stage(Add, {}, 0, 2), to('bfloat16', 3)],
    shape(33, 64),
    weight(64, 37),
    bf16(33, 37),
  ),
  product(
    'with narrow operands behind gelu',
    [
      stage(Gelu, { approximate: 'none' }, 0),
      to('float32', 1),
      stage(Add, {}, 3, 4),
      to('float32', 2),
      stage(Add, {}, 5, 6),
    ],
    shape(18, 64),
    weight(64, 20),
    bf16(18, 20),
    bf16(20),
  ),
  opCase({
    op: Gelu,
    name: 'to the accuracy of bfloat16',
    attrs: { approximate: 'coarse' },
    inputs: [{ shape: [700], range: [-9, 9] }],
    ...{ rtol: 2e-5, atol: 2e-4 },
  }),
  {
    ...product(
      'with a gelu that is rounded',
      [stage(Gelu, { approximate: 'coarse' }, 0), to('bfloat16', 1)],
      shape(33, 64),
      weight(64, 48),
    ),
    atol: 3e-4,
  },
  attention('of 1 row', [2, 3, 3], [1, 37], [32, 32]),
  attention('of 29 rows', [2, 3, 3], [29, 45], [32, 64]),
  attention('of stored operands', [2, 3, 3], [33, 45], [32, 32], stored),
  attention('of stored operands that are padded', [1, 2, 2], [33, 16], [20, 9], stored),
  attention('of several blocks of keys', [1, 2, 2], [5, 1100], [20, 33]),
  attention('of several blocks of rows', [1, 1, 1], [300, 40], [64, 16], stored),
  attention('of grouped queries', [2, 6, 2], [10, 20], [16, 16]),
  attention('causal over several blocks', [1, 1, 1], [600, 600], [4, 4], { causal: true }),
  attention('with mask', [2, 3, 3], [9, 21], [16, 16], stored, shape(2, 1, 1, 21)),
  conv('1×1', bf16(2, 5, 7, 32), [21, 32, 1, 1]),
  conv('1×1 of stride 2', bf16(2, 6, 7, 64), [40, 64, 1, 1], { strides: [2, 2] }),
  conv('3×3 of whole steps', bf16(1, 6, 15, 32), [18, 32, 3, 3], around, weight(18)),
  conv('3×3 over 5 channels', bf16(1, 6, 17, 5), [18, 5, 3, 3], around),
  conv('3×3 of float32', shape(2, 6, 7, 33), [70, 33, 3, 3], { ...around, strides: [2, 1] }),
  conv('3×3 of few columns', bf16(2, 5, 3, 32), [33, 32, 3, 3], around),
  conv('in groups', bf16(1, 5, 9, 64), [40, 32, 3, 3], { ...around, group: 2 }),
  conv('of many taps', bf16(1, 9, 20, 96), [40, 96, 3, 3], around),
  conv('depthwise', shape(1, 5, 9, 20), [20, 1, 3, 3], { ...around, group: 20 }),
];

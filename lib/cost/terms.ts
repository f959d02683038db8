/**
 * What a step's time is made of. Each term is the microseconds that one thread of the machine takes for one
 * kind of work at the machine's own ceilings; a family's coefficients (lib/cost/families.ts) say how many of
 * each its kernels take. So coefficients are plain numbers that hold for any machine.
 */
import { type Machine, type Product, bytesPerMicro, lanesOf } from './machine.js';
import { tilingOf } from './tiles.js';
import type { OperandWork, StepWork } from './work.js';

export const TERMS = [
  /** a step that does nothing */
  'step',
  /** its items, each as long as such a step */
  'items',
  /** operations in registers; of products: at the peak of their rows, tiles filled as they are */
  'flops',
  /** an operation for each element of the output and input */
  'elements',
  /** micro-kernel calls, each a hundred operations of a lane */
  'calls',
  /** light stages (additions), one operation for each element */
  'light',
  /** heavy stages (exponentials), one operation for each element */
  'heavy',
  /** elements that are read or written one by one, as they do not follow each other */
  'scattered',
  /** bytes that are no weights, from where as many bytes lie */
  'near',
  /** weights, from where all weights of the model lie */
  'weights',
  /** the part of that time which no multiplication hides */
  'exposed',
] as const;
export type Term = (typeof TERMS)[number];
export type Terms = Readonly<Record<Term, number>>;

/** Stages with an exponential, a division or worse. */
const HEAVY =
  /^(gelu|sigmoid|silu|tanh|exp|log|erf|pow|softplus|mish|hard_swish_exact|sin|cos|elu|selu|celu|div|sqrt)/;

const PANEL = 16;
const product = (list: readonly number[]): number => list.reduce((p, d) => p * d, 1);
const count = (o: OperandWork | null | undefined): number => (o ? product(o.shape) : 0);
const innermost = (o: OperandWork | null | undefined): number => o?.shape.at(-1) ?? 1;
const ceilDiv = (a: number, b: number): number => Math.ceil(a / Math.max(1, b));

interface Multiplied {
  readonly micros: number;
  readonly calls: number;
}

const productOf = (kernel: string): Product =>
  kernel.endsWith('.i8') ? 'i8' : kernel.endsWith('.bf16') ? 'bf16' : 'f32';

/** The product of a gemm step: out[…, m, n] from k = flops / (2 · outputs). */
function gemmWork(work: StepWork, machine: Machine): Multiplied {
  const type = productOf(work.kernel);
  const out = work.outputs[0]!;
  const n = innermost(out);
  const outputs = Math.max(1, product(out.shape));
  const { copy = 0, rowBlock = 1, mBlock = 1, nBlock = 1 } = work.params;
  const m = out.shape.at(-2) ?? 1;
  const gathered = copy > 0 ? rowBlock * mBlock : Math.min(m, mBlock);
  const columns = Math.min(n, nBlock * PANEL);
  const { waste, calls } = tilingOf(machine.tiles[type], gathered, columns, lanesOf(machine));
  const blocks = outputs / Math.max(1, gathered * columns);
  const k = work.flops / (2 * outputs);
  const block = work.params['block'] ?? k;
  return {
    micros: (work.flops * waste) / machine.peaks[type],
    calls: calls * blocks * Math.max(1, Math.ceil(k / Math.max(1, block))),
  };
}

/** (m+2)² products of a tile's positions, C → N. */
function winogradWork(work: StepWork, machine: Machine): Multiplied {
  const m = work.params['m'] ?? 2;
  const [out, x] = [work.outputs[0]!, work.inputs[0]!];
  const [channels, n] = [innermost(x), innermost(out)];
  const [height, width] = [out.shape.at(-3) ?? 1, out.shape.at(-2) ?? 1];
  const tiles = product(out.shape.slice(0, -3)) * ceilDiv(height, m) * ceilDiv(width, m);
  const positions = (m + 2) ** 2;
  const rows = Math.min(tiles, work.params['tileBlock'] ?? tiles);
  const { waste, calls } = tilingOf(machine.tiles.f32, rows, n, lanesOf(machine));
  return {
    micros: (2 * positions * tiles * channels * n * waste) / machine.peaks.f32,
    calls: calls * positions * ceilDiv(tiles, rows) + (positions * tiles * (channels + n)) / 64,
  };
}

/** Channels of a pooling or depthwise kernel that lie in part of a vector still take all of it. */
const padded = (work: StepWork, machine: Machine): number => {
  const c = innermost(work.outputs[0]);
  const lanes = lanesOf(machine);
  return (ceilDiv(c, lanes) * lanes) / Math.max(1, c);
};

function multiplied(work: StepWork, machine: Machine): Multiplied {
  if (work.kernel.startsWith('gemm')) return gemmWork(work, machine);
  if (work.kernel.startsWith('winograd.')) return winogradWork(work, machine);
  if (!/^(dwconv|max_pool|average_pool)/.test(work.kernel))
    return { micros: work.flops / machine.fma, calls: 0 };
  // a call for each tap of a pixel
  const calls = work.flops / Math.max(1, innermost(work.outputs[0])) / 10;
  return { micros: (work.flops * padded(work, machine)) / machine.fma, calls };
}

/**
 * Exponentials of an attention step: one for each query and key; else none. Queries, keys: [B, H, S, D].
 */
const scores = ({ kernel, inputs }: StepWork): number =>
  kernel.startsWith('attention')
    ? (count(inputs[0]) / Math.max(1, innermost(inputs[0]))) * (inputs[1]?.shape.at(-2) ?? 1)
    : 0;

/** The terms of one step, run once; `modelWeights` bytes of weights stream through the caches with each run. */
export function termsOf(work: StepWork, machine: Machine, modelWeights: number): Terms {
  const { hardware, fma } = machine;
  const step = hardware.overhead.step / 1e3;
  const { micros, calls } = multiplied(work, machine);
  const weights = work.inputs.reduce((sum, o) => sum + (o?.weight ? o.bytes : 0), 0);
  const read = Math.min(weights, work.bytes);
  const near = Math.max(0, work.bytes - read);
  const outputs = work.outputs.reduce((sum, o) => sum + count(o), 0);
  const all = outputs + work.inputs.reduce((sum, o) => sum + (o?.weight ? 0 : count(o)), 0);
  const heavy = work.stages.filter((s) => HEAVY.test(s)).length;
  const scattered = [...work.inputs, ...work.outputs].reduce(
    (sum, o) => sum + (o && !o.dense ? count(o) : 0),
    0,
  );
  // what an 8-bit product does to its sums where its output is quantized
  const own = (work.params['quantize'] ?? 0) * 3;
  const streamed = read / bytesPerMicro(hardware, Math.max(read, modelWeights));
  return {
    step,
    items: work.items * step,
    flops: micros,
    elements: all / fma,
    calls: (100 * calls) / fma,
    light: (outputs * (own + work.stages.length - heavy)) / fma,
    heavy: (outputs * heavy + scores(work)) / fma,
    scattered: scattered / fma,
    near: near / bytesPerMicro(hardware, near),
    weights: streamed,
    exposed: Math.max(0, streamed - micros),
  };
}

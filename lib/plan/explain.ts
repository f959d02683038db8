/** A compiled model as a table for people: steps, where time goes by estimate, memory. */
import { DTYPE_NAMES, shortOf } from '../tensor/dtype.js';
import {
  type PlacedBuffer,
  type Sizes,
  bindRegion,
  evaluateRows,
  firstRecord,
  memoryOf,
  placedBuffers,
  stepCosts,
} from './bind.js';
import { OPERAND } from './format.js';
import type { CompiledModel, HostRegion, NativeRegion, Region } from './plan.js';
import { STEP, eachOperand, eachStep } from './words.js';

/** 1234567 → '1.18 MB' */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let i = 0;
  for (; bytes >= 1024 && i < units.length - 1; i++) bytes /= 1024;
  return `${i === 0 ? bytes : bytes.toFixed(bytes < 10 ? 2 : 1)} ${units[i]!}`;
}

/** Columns padded to their widest entry; numbers (by `right`) to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[]): string[] {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((r) => r[c]!.length)));
  return rows.map((r) =>
    r
      .map((cell, c) => (right.includes(c) ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!)))
      .join('  ')
      .trimEnd(),
  );
}

/** 'f32[2,512,768]', with w, i, o or trip where it lies in weights, inputs, outputs or a loop's window. */
function operandText(words: Float64Array, w: number): string {
  const rank = words[w + 4]!;
  const dims = [...words.subarray(w + 5, w + 5 + rank)];
  const where =
    {
      [OPERAND.weight]: 'w:',
      [OPERAND.input]: 'i:',
      [OPERAND.output]: 'o:',
      [OPERAND.window]: 'trip:',
    }[words[w]!] ?? '';
  return `${where}${shortOf(DTYPE_NAMES[words[w + 3]!]!)}[${dims.join(',')}]`;
}

export interface StepReport {
  readonly kernel: string;
  /** ONNX nodes that the step stands for */
  readonly node: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly inPlace: boolean;
  /** blocks that it stands in, outermost first: then, else, loop, end */
  readonly blocks: readonly string[];
  /** times that it runs in loops; Infinity where data decides */
  readonly trips: number;
  /** entries of the parallel loop */
  readonly items: number;
  readonly bytes: number;
  readonly flops: number;
  /** estimate of one trip on one thread */
  readonly micros: number;
}
export interface RegionReport {
  readonly steps: readonly StepReport[];
  readonly micros: number;
  readonly arena: number;
  /** bytes alive at once; no arena can be smaller */
  readonly lowerBound: number;
  /** sum of all intermediate tensors */
  readonly tensors: number;
  /** per worker */
  readonly scratch: number;
  readonly buffers: readonly PlacedBuffer[];
}

/** What the region does for these sizes. */
export function reportRegion(
  model: CompiledModel,
  region: NativeRegion,
  sizes: Sizes,
): RegionReport {
  const bound = bindRegion(model, region, sizes);
  const { words } = bound;
  const costs = stepCosts(model, region, words, evaluateRows(model, sizes));
  const steps: StepReport[] = [];
  eachStep(words, firstRecord(region), (w, { blocks }) => {
    const inputs: string[] = [];
    const outputs: string[] = [];
    eachOperand(words, w, (operand, isOutput) =>
      (isOutput ? outputs : inputs).push(operandText(words, operand)),
    );
    steps.push({
      kernel: model.kernels[words[w + STEP.kernel]!]!.split('|')[0]!,
      node: model.origins[words[w + STEP.origin]!] ?? '',
      inputs,
      outputs,
      inPlace: words[w + STEP.inplace]! > 0,
      blocks,
      items: words[w + STEP.items]!,
      ...costs[steps.length]!,
    });
  });
  const { lowerBound, sum } = memoryOf(region, words);
  return {
    steps,
    micros: bound.micros,
    arena: bound.arenaBytes,
    lowerBound,
    tensors: sum,
    scratch: bound.scratchBytes,
    buffers: placedBuffers(region, words),
  };
}

function nativeLines(model: CompiledModel, region: NativeRegion, sizes: Sizes): string[] {
  const report = reportRegion(model, region, sizes);
  const cells = report.steps.map((s, i) => [
    `${i}`,
    `${s.blocks.map((b) => `${b}: `).join('')}${s.kernel}`,
    s.node,
    `${s.inputs.join(' ')} → ${s.outputs.join(' ')}${s.inPlace ? ' in place' : ''}`,
    `${s.items}`,
    formatBytes(s.bytes),
    `${s.flops}`,
    s.micros.toFixed(1),
  ]);
  const head = ['step', 'kernel', 'node', 'operands', 'items', 'moved', 'flops', 'µs'];
  return [
    ...table([head, ...cells], [0, 4, 5, 6, 7]),
    `${report.steps.length} steps, ` +
      (report.micros < Infinity
        ? `about ${report.micros.toFixed(0)} µs on one thread`
        : 'in loops whose trips the data decides'),
    `arena ${formatBytes(report.arena)} (alive at once: ${formatBytes(report.lowerBound)}; ` +
      `all tensors: ${formatBytes(report.tensors)}), scratch ${formatBytes(report.scratch)} per worker`,
  ];
}

const hostLines = (model: CompiledModel, region: HostRegion, sizes: Sizes): string[] =>
  region.nodes.flatMap((n) => [
    `in JavaScript: ${n.op.name}  ${model.origins[n.origin] ?? ''}`,
    ...n.bodies.flatMap((body, i) => [
      `  body ${i}:`,
      ...body.regions.flatMap((r) => regionLines(model, r, sizes)).map((line) => `    ${line}`),
    ]),
  ]);

const regionLines = (model: CompiledModel, region: Region, sizes: Sizes): string[] =>
  region.kind === 'native' ? nativeLines(model, region, sizes) : hostLines(model, region, sizes);

/** The sizes that kernels were chosen for. */
export const typicalSizes = (model: CompiledModel): Sizes =>
  Float64Array.from(model.symbols, (s) => s.typical);

/** The plan for these sizes, or the typical ones. */
export function explainModel(model: CompiledModel, sizes: Sizes = typicalSizes(model)): string {
  const lines = model.symbols.map((s, i) => `${s.name} = ${sizes[i]!}`);
  for (const region of model.regions) lines.push(...regionLines(model, region, sizes), '');
  const constants = model.values.filter((v) => v.source.kind === 'constant' && v.dtype);
  const { weights, meta, total } = model.bytes;
  lines.push(
    `weights ${formatBytes(weights)}, plan ${formatBytes(meta)}, together ${formatBytes(total)}` +
      (constants.length > 0 ? `; ${constants.length} constants of host nodes` : ''),
  );
  return lines.join('\n');
}

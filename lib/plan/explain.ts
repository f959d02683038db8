/** A compiled model as a table for people: steps, where time goes by estimate, memory. */
import { DTYPE_NAMES, shortOf } from '../tensor/dtype.js';
import { type Sizes, bindRegion, evaluateRows, memoryOf, stepCosts } from './bind.js';
import { OPERAND } from './format.js';
import type { CompiledModel, HostRegion, NativeRegion } from './plan.js';
import { STEP, buffersAt, eachOperand } from './words.js';

/** 1234567 → '1.18 MB' */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let i = 0;
  for (; bytes >= 1024 && i < units.length - 1; i++) bytes /= 1024;
  return `${i === 0 ? bytes : bytes.toFixed(bytes < 10 ? 2 : 1)} ${units[i]!}`;
}

/** Columns padded to their widest entry; numbers (by `right`) to the right. */
function table(rows: readonly (readonly string[])[], right: readonly number[]): string[] {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((r) => r[c]!.length)));
  return rows.map((r) =>
    r
      .map((cell, c) => (right.includes(c) ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!)))
      .join('  ')
      .trimEnd(),
  );
}

/** 'f32[2,512,768]', with w, i or o where it lies in weights, inputs or outputs. */
function operandText(words: Float64Array, w: number): string {
  const rank = words[w + 4]!;
  const dims = [...words.subarray(w + 5, w + 5 + rank)];
  const where =
    { [OPERAND.weight]: 'w:', [OPERAND.input]: 'i:', [OPERAND.output]: 'o:' }[words[w]!] ?? '';
  return `${where}${shortOf(DTYPE_NAMES[words[w + 3]!]!)}[${dims.join(',')}]`;
}

function nativeLines(model: CompiledModel, region: NativeRegion, sizes: Sizes): string[] {
  const bound = bindRegion(model, region, sizes);
  const { words } = bound;
  const rows = evaluateRows(model, sizes);
  const costs = stepCosts(model, region, words, rows);
  const cells = [['step', 'kernel', 'node', 'operands', 'items', 'moved', 'flops', 'µs']];
  let w = buffersAt(region.inputs.length, region.outputs.length) + 2 * region.order.length;
  for (let i = 0; i < region.flops.length; i++, w += words[w + STEP.length]!) {
    const inputs: string[] = [];
    const outputs: string[] = [];
    const { flops, bytes, micros } = costs[i]!;
    eachOperand(words, w, (operand, isOutput) =>
      (isOutput ? outputs : inputs).push(operandText(words, operand)),
    );
    const inplace = words[w + STEP.inplace]! > 0 ? ' in place' : '';
    cells.push([
      `${i}`,
      model.kernels[words[w + STEP.kernel]!]!.split('|')[0]!,
      model.origins[words[w + STEP.origin]!] ?? '',
      `${inputs.join(' ')} → ${outputs.join(' ')}${inplace}`,
      `${words[w + STEP.items]!}`,
      formatBytes(bytes),
      `${flops}`,
      micros.toFixed(1),
    ]);
  }
  const memory = memoryOf(region, words);
  return [
    ...table(cells, [0, 4, 5, 6, 7]),
    `${region.flops.length} steps, about ${bound.micros.toFixed(0)} µs on one thread`,
    `arena ${formatBytes(bound.arenaBytes)} (alive at once: ${formatBytes(memory.lowerBound)}; ` +
      `all tensors: ${formatBytes(memory.sum)}), scratch ${formatBytes(bound.scratchBytes)} per worker`,
  ];
}

const hostLines = (model: CompiledModel, region: HostRegion): string[] =>
  region.nodes.map((n) => `in JavaScript: ${n.op.name}  ${model.origins[n.origin] ?? ''}`);

/** The plan for these sizes, or the typical ones. */
export function explainModel(
  model: CompiledModel,
  sizes: Sizes = Float64Array.from(model.symbols, (s) => s.typical),
): string {
  const lines = model.symbols.map((s, i) => `${s.name} = ${sizes[i]!}`);
  for (const region of model.regions)
    lines.push(
      ...(region.kind === 'native' ? nativeLines(model, region, sizes) : hostLines(model, region)),
      '',
    );
  const constants = model.values.filter((v) => v.source.kind === 'constant' && v.dtype);
  const { weights, meta, total } = model.bytes;
  lines.push(
    `weights ${formatBytes(weights)}, plan ${formatBytes(meta)}, together ${formatBytes(total)}` +
      (constants.length > 0 ? `; ${constants.length} constants of host nodes` : ''),
  );
  return lines.join('\n');
}

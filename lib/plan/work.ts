/** Bound words → the work of each step, for the cost model. */
import { movedBytes } from '../cost/model.js';
import type { OperandWork, StepWork } from '../cost/work.js';
import { DTYPE_NAMES } from '../tensor/dtype.js';
import { firstRecord } from './bind.js';
import { OPERAND } from './format.js';
import type { CompiledModel, NativeRegion } from './plan.js';
import { STEP, eachStep, operandBytes } from './words.js';

/** A step's work, and how often a run does it (Infinity where data decides). */
export interface PlacedWork {
  readonly work: StepWork;
  readonly trips: number;
  /** ONNX nodes that the step stands for */
  readonly node: string;
}

const paramNames = (signature: string): string[] =>
  signature === '' ? [] : signature.split(',').map((p) => p.split(':')[0]!);

/** Work of all steps of the region, in the words' order; `rows` from evaluateRows. */
export function regionWork(
  model: CompiledModel,
  region: NativeRegion,
  words: Float64Array,
  rows: Float64Array,
): PlacedWork[] {
  const list: PlacedWork[] = [];
  eachStep(words, firstRecord(region), (w, { trips }) => {
    const [kernel, signature] = model.kernels[words[w + STEP.kernel]!]!.split('|') as [
      string,
      string,
    ];
    let at = w + STEP.params;
    const names = paramNames(signature);
    const params = Object.fromEntries(names.map((name, i) => [name, words[at + 1 + i]!]));
    at += words[at]! + 1;
    const operands = (): (OperandWork | null)[] =>
      Array.from({ length: words[at++]! }, () => {
        if (words[at] === OPERAND.absent) {
          at++;
          return null;
        }
        const rank = words[at + 4]!;
        const found = {
          dtype: DTYPE_NAMES[words[at + 3]!]!,
          shape: [...words.subarray(at + 5, at + 5 + rank)],
          bytes: operandBytes(words, at),
          dense: rank === 0 || words[at + 4 + rank] === 1 || words[at + 4 + 2 * rank] === 1,
          weight: words[at] === OPERAND.weight,
        };
        at += 5 + 2 * rank;
        return found;
      });
    const inputs = operands();
    const outputs = operands();
    const stages = Array.from({ length: words[at++]! }, () => {
      const stage = model.kernels[words[at]!]!.split('|')[0]!;
      at += 2 + words[at + 1]!;
      at += 1 + words[at]!;
      return stage;
    });
    const sizes = (l: readonly (OperandWork | null)[]): number[] =>
      l.flatMap((o) => o?.bytes ?? []);
    list.push({
      work: {
        ...{ kernel, params, stages, inputs, outputs },
        flops: rows[region.flops[list.length]!]!,
        bytes: movedBytes(kernel, sizes(inputs), sizes(outputs)),
        items: words[w + STEP.items]!,
      },
      trips,
      node: model.origins[words[w + STEP.origin]!] ?? '',
    });
  });
  return list;
}

/** Bytes of weights that these steps read, each once. */
export const weightsRead = (works: readonly PlacedWork[]): number =>
  works.reduce((sum, { work: { inputs, bytes } }) => {
    const weights = inputs.reduce((s, o) => s + (o?.weight ? o.bytes : 0), 0);
    return sum + Math.min(weights, bytes);
  }, 0);

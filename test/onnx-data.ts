/** ONNX's own test data: folders of a model, and sets of inputs with the outputs expected. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Feed } from '../lib/index.js';
import type { SequenceProto, TypeProto } from '../lib/onnx/messages.js';
import { decode } from '../lib/onnx/schema.js';
import { readModel } from '../lib/onnx/model.js';
import { tensorOfProto } from '../lib/onnx/tensor.js';
import { plainOf, publicOf } from '../lib/runtime/tensor.js';
import { type Tensor, toNumbers } from '../lib/tensor/tensor.js';

/** Where Debian's package libonnx-testdata puts them, unless HAIO_ONNX_DATA says otherwise. */
export const DATA = process.env['HAIO_ONNX_DATA'] ?? '/usr/share/libonnx-testdata/data';

/** Values in the order of the model's inputs and outputs. */
export interface DataSet<T> {
  readonly inputs: readonly T[];
  readonly outputs: readonly T[];
}
export interface DataCase<T> {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly sets: readonly DataSet<T>[];
}

/** Names of the cases in a group ('node', 'simple', …). */
export function casesOf(group: string): string[] {
  const folder = join(DATA, group);
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

const sequenceOf = (s: SequenceProto): readonly Feed[] => [
  ...s.tensor_values.map((t) => publicOf(tensorOfProto(t))),
  ...s.sequence_values.map(sequenceOf),
];

/** The content of a file that holds a value of the type. */
function valueOf(bytes: Uint8Array, type: TypeProto | null): Feed {
  if (type?.sequence_type) return sequenceOf(decode('SequenceProto', bytes));
  if (!type?.optional_type) return publicOf(tensorOfProto(decode('TensorProto', bytes)));
  const { tensor_value, sequence_value } = decode('OptionalProto', bytes);
  if (sequence_value) return sequenceOf(sequence_value);
  return tensor_value && publicOf(tensorOfProto(tensor_value));
}

/** The case with values as a session takes and gives them. */
export function readCase(group: string, name: string): DataCase<Feed> {
  const folder = join(DATA, group, name);
  const bytes = readFileSync(join(folder, 'model.onnx'));
  const { graph } = readModel(bytes);
  const given = new Set(graph.initializer.map((t) => t.name));
  const ports = { input: graph.input.filter((p) => !given.has(p.name)), output: graph.output };
  const sets = readdirSync(folder)
    .filter((f) => f.startsWith('test_data_set_'))
    .map((set) => {
      const read = (kind: 'input' | 'output'): Feed[] => {
        const files = readdirSync(join(folder, set)).filter((f) => f.startsWith(`${kind}_`));
        return files.map((_, i) =>
          valueOf(readFileSync(join(folder, set, `${kind}_${i}.pb`)), ports[kind][i]?.type ?? null),
        );
      };
      return { inputs: read('input'), outputs: read('output') };
    });
  return { name, bytes, sets };
}

/** The case as tensors, or null where an input or output is none. */
export function readTensors(group: string, name: string): DataCase<Tensor> | null {
  const { bytes, sets } = readCase(group, name);
  const { graph } = readModel(bytes);
  if ([...graph.input, ...graph.output].some((i) => !i.type?.tensor_type)) return null;
  const plain = sets.map((set) => ({
    inputs: set.inputs.map(plainOf),
    outputs: set.outputs.map(plainOf),
  }));
  return { name, bytes, sets: plain as DataSet<Tensor>[] };
}

const isList = (x: unknown): x is readonly Feed[] => Array.isArray(x);

/** As `differs`, of any values. */
export function valuesDiffer(got: Feed | undefined, expected: Feed): string | null {
  if (expected === null) return got === null ? null : 'a value in place of none';
  if (!isList(expected)) return differs(plainOf(got) ?? undefined, plainOf(expected)!);
  if (!isList(got) || got.length !== expected.length)
    return `${isList(got) ? got.length : 'no'} items in place of ${expected.length}`;
  return expected.reduce<string | null>((found, e, i) => found ?? valuesDiffer(got[i], e), null);
}

/** What differs between two tensors, or null: ONNX's own tolerances unless given, wider for bfloat16. */
export function differs(
  got: Tensor | undefined,
  expected: Tensor,
  { relative = expected.dtype === 'bfloat16' ? 2e-2 : 1e-3, absolute = 1e-7 } = {},
): string | null {
  if (!got) return 'there is no output';
  const type = (t: Tensor): string => `${t.dtype}[${t.shape.join(',')}]`;
  if (type(got) !== type(expected)) return `${type(got)} in place of ${type(expected)}`;
  if (expected.dtype === 'string') {
    const i = expected.data.findIndex((s, k) => s !== got.data[k]);
    return i < 0 ? null : `'${String(got.data[i])}' in place of '${String(expected.data[i])}'`;
  }
  const [x, y] = [toNumbers(got), toNumbers(expected)];
  for (let i = 0; i < y.length; i++) {
    if (Object.is(x[i], y[i]) || x[i] === y[i]) continue;
    if (!(Math.abs(x[i]! - y[i]!) <= absolute + relative * Math.abs(y[i]!)))
      return `element ${i} is ${x[i]!}, expected ${y[i]!}`;
  }
  return null;
}

/** Cases that cannot pass, and why. */
const EXCEPTIONS: readonly (readonly [RegExp, string])[] = [
  [/^test_cast(like)?_(FLOAT_to_BFLOAT16|BFLOAT16_to_FLOAT)/, 'bfloat16 is stored as uint16'],
  [/^test_(adagrad|adam|momentum|nesterov|gradient)/, 'ai.onnx.preview.training'],
  [/^test_training_dropout(?!_zero_ratio)/, 'which elements are dropped is random'],
  [/^test_loop16_seq_none$/, 'a value that goes round begins as an optional, and is none then'],
  [/^test_bernoulli/, 'the outputs are random: numpy drew those expected'],
];

/** Why a case cannot pass, or undefined. */
export const exceptionOf = (name: string): string | undefined =>
  EXCEPTIONS.find(([pattern]) => pattern.test(name))?.[1];

/** ONNX's own test data: folders of a model, and sets of inputs with the outputs expected. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from '../lib/onnx/schema.js';
import { readModel } from '../lib/onnx/model.js';
import { tensorOfProto } from '../lib/onnx/tensor.js';
import { type Tensor, toNumbers } from '../lib/tensor/tensor.js';

/** Where Debian's package libonnx-testdata puts them, unless HAIO_ONNX_DATA says otherwise. */
export const DATA = process.env['HAIO_ONNX_DATA'] ?? '/usr/share/libonnx-testdata/data';

export interface DataSet {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}
export interface DataCase {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly sets: readonly DataSet[];
}

/** Names of the cases in a group ('node', 'simple', …). */
export function casesOf(group: string): string[] {
  const folder = join(DATA, group);
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/** The case, or null where an input or output is no tensor. */
export function readCase(group: string, name: string): DataCase | null {
  const folder = join(DATA, group, name);
  const bytes = readFileSync(join(folder, 'model.onnx'));
  const { graph } = readModel(bytes);
  const infos = { input: graph.input, output: graph.output };
  if ([...infos.input, ...infos.output].some((i) => !i.type?.tensor_type)) return null;
  const sets = readdirSync(folder)
    .filter((f) => f.startsWith('test_data_set_'))
    .map((set) => {
      const read = (kind: 'input' | 'output'): Tensor[] => {
        const files = readdirSync(join(folder, set)).filter((f) => f.startsWith(`${kind}_`));
        return files.map((_, i) =>
          tensorOfProto(decode('TensorProto', readFileSync(join(folder, set, `${kind}_${i}.pb`)))),
        );
      };
      return { inputs: read('input'), outputs: read('output') };
    });
  return { name, bytes, sets };
}

/** What differs between two tensors, or null: ONNX's own tolerances unless given. */
export function differs(
  got: Tensor | undefined,
  expected: Tensor,
  { relative = 1e-3, absolute = 1e-7 } = {},
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
  [/^test_training_dropout|^test_batchnorm_.*_training_mode$/, 'trains'],
  [/^test_bernoulli/, 'the outputs are random: numpy drew those expected'],
];

/** Why a case cannot pass, or undefined. */
export const exceptionOf = (name: string): string | undefined =>
  EXCEPTIONS.find(([pattern]) => pattern.test(name))?.[1];

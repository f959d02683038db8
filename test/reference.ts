/** Runs models by the reference interpreter, answering requests for pins from the inputs. */
import { evalGraph } from '../lib/ir/eval.js';
import { PinRequest } from '../lib/ir/op.js';
import { type ImportOptions, type Imported, importModel, signatureOf } from '../lib/onnx/import.js';
import type { Tensor } from '../lib/tensor/tensor.js';

export type Inputs = Readonly<Record<string, Tensor>>;

/** Most rounds of asking: each fixes one thing at least. */
const ROUNDS = 20;

/** The model imported with whatever it asks for taken from `inputs`. */
export function importFor(bytes: Uint8Array, inputs: Inputs): Imported & { pins: ImportOptions } {
  const sizes: Record<string, number> = {};
  const values: Record<string, Tensor> = {};
  const shapes: Record<string, readonly number[]> = {};
  const pins = { sizes, values, shapes };
  const declared = signatureOf(bytes).inputs;
  const given = (name: string): Tensor => {
    if (!Object.hasOwn(inputs, name)) throw new Error(`there is no input '${name}'`);
    return inputs[name]!;
  };
  for (let round = 0; ; round++)
    try {
      return { ...importModel(bytes, pins), pins };
    } catch (e) {
      if (!(e instanceof PinRequest) || round === ROUNDS) throw e;
      for (const { name, shape } of declared)
        shape.forEach((d, axis) => {
          if (e.symbols.some((s) => s.name === d)) sizes[d] = given(name).shape[axis]!;
        });
      for (const name of e.inputs) values[name] = given(name);
      for (const name of e.shapes) shapes[name] = given(name).shape;
    }
}

/** Outputs by name. */
export function runReference(bytes: Uint8Array, inputs: Inputs): Record<string, Tensor> {
  const { graph } = importFor(bytes, inputs);
  const results = evalGraph(
    graph,
    graph.inputs.map((v) => inputs[v.name]!),
  );
  return Object.fromEntries(graph.outputNames.map((name, i) => [name, results[i]!]));
}

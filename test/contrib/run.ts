/** Compiles and runs models in this thread, answering requests for pins from the inputs. */
import type { Addon } from '../../lib/native/types.js';
import { optimize } from '../../lib/passes/index.js';
import { buildModel } from '../../lib/plan/build.js';
import { openModel } from '../../lib/plan/decode.js';
import type { Tensor } from '../../lib/tensor/tensor.js';
import { type Inputs, importFor } from '../reference.js';
import { runPlan } from '../run-plan.js';

export interface NativeRun {
  /** outputs by name */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** nodes that have no kernel */
  readonly hostNodes: readonly string[];
}

/** The model compiled for `isa` with its own kernels, run once on two threads. */
export function runNative(addon: Addon, isa: string, bytes: Uint8Array, inputs: Inputs): NativeRun {
  const graph = optimize(importFor(bytes, inputs).graph);
  const { model, meta } = buildModel(graph, { native: addon, isa });
  try {
    const feeds = graph.inputs.map((v) => inputs[v.name]!);
    const results = runPlan(addon, openModel(addon, model), feeds, { isa, threads: 2 });
    const outputs = Object.fromEntries(graph.outputNames.map((name, i) => [name, results[i]!]));
    return { outputs, hostNodes: meta.hostNodes };
  } finally {
    addon.modelRelease(model);
  }
}

/** Runs a compiled model through `execute`, region by region, as the runtime does with sessions. */
import type { Addon, View } from '../lib/native/types.js';
import { bindInputs, bindRegion, bindResult, sizesTensor } from '../lib/plan/bind.js';
import type { CompiledModel } from '../lib/plan/plan.js';
import { newArray } from '../lib/tensor/dtype.js';
import { type Tensor, sizeOf, tensor } from '../lib/tensor/tensor.js';

/** What a run of a native region came to: code 0 is success. */
export class RunFailure extends Error {
  readonly code: number;
  constructor(code: number, what: string) {
    super(`status ${code} in ${what}`);
    this.code = code;
  }
}

/** @throws RunFailure */
export function runPlan(
  addon: Addon,
  model: CompiledModel,
  feeds: readonly Tensor[],
  options: { readonly isa: string; readonly threads: number },
): Tensor[] {
  const sizes = bindInputs(model, feeds);
  const known = new Map<number, Tensor>(model.inputs.map((p, i) => [p.value, feeds[i]!]));
  const get = (v: number): Tensor => {
    const { kind } = model.values[v]!.source;
    return known.get(v) ?? (kind === 'constant' ? model.constant(v) : sizesTensor(model, sizes, v));
  };
  for (const region of model.regions) {
    if (region.kind === 'host') {
      for (const n of region.nodes) {
        const inputs = n.inputs.map((v) => (v < 0 ? null : get(v)));
        if (n.bodies.length > 0) throw new Error('bodies need a session');
        n.op.eval!(inputs, n.attrs).forEach((result, i) => {
          const v = n.outputs[i];
          if (v === undefined) return;
          known.set(v, result);
          if (model.values[v]!.dtype) bindResult(model, sizes, v, result);
        });
      }
      continue;
    }
    const bound = bindRegion(model, region, sizes);
    const outputs = bound.outputs.map((p) =>
      tensor(p.dtype, p.shape, newArray(p.dtype, sizeOf(p.shape))),
    );
    const result = addon.execute(
      bound.words,
      model.kernels,
      region.inputs.map((v) => get(v).data as View),
      outputs.map((t) => t.data as View),
      { model: model.model, ...options },
    );
    if (result.code !== 0) throw new RunFailure(result.code, model.origins[result.step] ?? '');
    region.outputs.forEach((v, i) => known.set(v, outputs[i]!));
  }
  return model.outputs.map((p) => get(p.value));
}

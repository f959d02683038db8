/**
 * Bias correction (Nagel et al. 2019, section 4.2): what quantized weights add to a product on average,
 * (Wq − W)·E[x], is taken off the bias.
 */
import type { Tensor } from '../tensor/tensor.js';
import type { Document } from './document.js';
import { type QuantizedWeight, dequantizeWeight } from './scheme.js';
import type { WeightedNode } from './select.js';

/** Mean error of each output channel for inputs of these means. */
export function meanError(
  w: Tensor,
  quantized: QuantizedWeight,
  { axis, inputAxis, node }: Pick<WeightedNode, 'axis' | 'inputAxis' | 'node'>,
  means: Float64Array,
): Float64Array {
  const [a, b] = [w.data as Float32Array, dequantizeWeight(quantized)];
  const outputs = w.shape[axis]!;
  const inputs = w.shape[inputAxis]!;
  const error = new Float64Array(outputs);
  const strides = w.shape.map((_, i) => w.shape.slice(i + 1).reduce((p, d) => p * d, 1));
  // in a grouped convolution an output channel sees the inputs of its group
  const groups = node.op_type === 'Conv' ? Math.max(1, Math.round(means.length / inputs)) : 1;
  for (let i = 0; i < a.length; i++) {
    const o = Math.floor(i / strides[axis]!) % outputs;
    const c = Math.floor(i / strides[inputAxis]!) % inputs;
    const group = Math.floor((o * groups) / outputs);
    error[o]! += (b[i]! - a[i]!) * means[group * inputs + c]!;
  }
  return error;
}

/** The node's bias (a new one where a Conv has none) without the mean error; null where it has no place for it. */
export function correctedBias(
  doc: Document,
  w: WeightedNode,
  quantized: QuantizedWeight,
  means: Float64Array,
): string | null {
  const weight = doc.constant(w.weight)!;
  const bias = w.bias === null ? null : doc.constant(w.bias);
  if (w.node.op_type === 'MatMul' || (w.bias !== null && bias?.dtype !== 'float32')) return w.bias;
  const error = meanError(weight, quantized, w, means);
  const old = bias?.data as Float32Array | undefined;
  if (old && old.length !== error.length) return w.bias;
  const data = Float32Array.from(error, (e, c) => (old?.[c] ?? 0) - e);
  return doc.addConstant(`${w.node.output[0]!}_bias`, {
    dtype: 'float32',
    shape: [data.length],
    data,
  });
}

/** Batch normalisation into the convolution before it: quantization sees the weights that count. */
import type { Tensor } from '../tensor/tensor.js';
import { type DocNode, type Document, floatOf } from './document.js';
import { eachAlong } from './scheme.js';

const floats = (doc: Document, name: string | undefined): Float32Array | null => {
  const t = name ? doc.constant(name) : null;
  return t?.dtype === 'float32' ? (t.data as Float32Array) : null;
};

/** The only node that reads a value which is no output; null otherwise. */
export function soleUser(doc: Document, name: string): DocNode | null {
  const users = doc.users(name);
  return users.length === 1 && !doc.isOutput(name) ? users[0]! : null;
}

/** Folds every BatchNormalization (inference) that alone reads a Conv of constant weights. */
export function foldBatchNorms(doc: Document): void {
  for (const conv of [...doc.nodes]) {
    if (conv.op_type !== 'Conv' || conv.domain !== '') continue;
    const norm = soleUser(doc, conv.output[0]!);
    if (norm?.op_type !== 'BatchNormalization' || norm.output.filter(Boolean).length > 1) continue;
    const w = doc.constant(conv.input[1]!);
    const [gamma, beta, mean, variance] = norm.input.slice(1).map((n) => floats(doc, n));
    if (w?.dtype !== 'float32' || !gamma || !beta || !mean || !variance) continue;
    const bias = conv.input[2] ? floats(doc, conv.input[2]) : new Float32Array(gamma.length);
    if (!bias) continue;
    const epsilon = floatOf(norm, 'epsilon', 1e-5);
    const factor = gamma.map((g, c) => g / Math.sqrt(variance[c]! + epsilon));
    const weights = (w.data as Float32Array).slice();
    eachAlong(w.shape, 0, (i, c) => (weights[i]! *= factor[c]!));
    const folded: Tensor = { ...w, data: weights };
    const shift: Tensor = {
      dtype: 'float32',
      shape: [factor.length],
      data: factor.map((f, c) => (bias[c]! - mean[c]!) * f + beta[c]!),
    };
    conv.input = [
      conv.input[0]!,
      doc.addConstant(`${conv.input[1]!}_folded`, folded),
      doc.addConstant(`${conv.output[0]!}_bias`, shift),
    ];
    conv.output = [norm.output[0]!];
    doc.remove(norm);
  }
}

/** Quantization without calibration: activations as they come, or weights alone. */
import { type Tensor, fromNumbers } from '../tensor/tensor.js';
import { node } from '../onnx/export.js';
import type { Document } from './document.js';
import { quantizeWeight } from './scheme.js';
import { placeWeight } from './static.js';
import type { Selection, WeightedNode } from './select.js';

/** DynamicQuantizeLinear → MatMulInteger → Cast → Mul, as exporters write it; bias is added after it. */
function dynamicProduct(doc: Document, w: WeightedNode): void {
  const { node: n } = w;
  const [x, y] = [n.input[0]!, n.output[0]!];
  const axis = w.axis;
  const { values, scales } = quantizeWeight(columns(doc.constant(w.weight)!, axis), 'int8', 1);
  const name = (suffix: string): string => doc.freshName(`${y}_${suffix}`);
  const [q, scale, zero, sum, float, both] = [
    'quantized',
    'scale',
    'zero',
    'sum',
    'float',
    'scales',
  ].map(name) as [string, string, string, string, string, string];
  const weight = doc.addConstant(`${w.weight}_quantized`, values);
  const none = doc.addConstant(`${w.weight}_zero_point`, fromNumbers('int8', [], [0]));
  const weightScale = doc.addConstant(`${w.weight}_scale`, {
    dtype: 'float32',
    shape: [scales.length],
    data: scales,
  });
  const bias = n.op_type === 'Gemm' && w.bias !== null ? w.bias : null;
  const product = bias === null ? y : name('product');
  doc.insert(node('DynamicQuantizeLinear', [x], [q, scale, zero]), n);
  doc.insert(node('MatMulInteger', [q, weight, zero, none], [sum]), n);
  doc.insert(node('Cast', [sum], [float], { to: 1 }), n);
  doc.insert(node('Mul', [scale, weightScale], [both]), n);
  doc.remove(n);
  const after = doc.users(y)[0] ?? null;
  doc.insert(node('Mul', [float, both], [product]), after);
  if (bias !== null) doc.insert(node('Add', [product, bias], [y]), after);
}

/** The matrix with its output channels as columns. */
function columns(t: Tensor, axis: number): Tensor {
  if (axis === 1) return t;
  const [n, k] = t.shape as [number, number];
  const from = t.data as Float32Array;
  const data = new Float32Array(from.length);
  for (let i = 0; i < n; i++) for (let j = 0; j < k; j++) data[j * n + i] = from[i * k + j]!;
  return { dtype: 'float32', shape: [k, n], data };
}

/** Matrix products get activations that are quantized as they come; convolutions keep float ones. */
export function quantizeDynamic(doc: Document, { weighted }: Selection): void {
  for (const w of weighted) if (w.node.op_type !== 'Conv') dynamicProduct(doc, w);
}

/** Weights alone, 8 bits, by output channel: smaller files, the arithmetic stays in float. */
export function quantizeWeights8(doc: Document, { weighted }: Selection): void {
  for (const w of weighted)
    placeWeight(
      doc,
      w,
      quantizeWeight(doc.constant(w.weight)!, 'int8', doc.opset >= 13 ? w.axis : null),
    );
}

export interface BlockOptions {
  readonly blockSize: number;
}

/** Scales of blocks of 4-bit values, two to a byte, the first in the low half (MatMulNBits' layout). */
function packBlocks(
  t: Tensor,
  axis: number,
  size: number,
): { packed: Tensor; scales: Tensor; k: number; n: number } {
  const matrix = columns(t, axis);
  const [k, n] = matrix.shape as [number, number];
  const w = matrix.data as Float32Array;
  const blocks = Math.ceil(k / size);
  const packed = new Uint8Array((n * blocks * size) / 2);
  const scales = new Float32Array(n * blocks);
  for (let c = 0; c < n; c++)
    for (let b = 0; b < blocks; b++) {
      const end = Math.min(k, (b + 1) * size);
      let most = 0;
      for (let i = b * size; i < end; i++)
        if (Math.abs(w[i * n + c]!) > Math.abs(most)) most = w[i * n + c]!;
      // the value of greatest magnitude becomes −8: four bits reach farther down than up
      const scale = Math.fround(most / -8);
      scales[c * blocks + b] = scale;
      for (let i = b * size; i < (b + 1) * size; i++) {
        const q = i < end && scale !== 0 ? Math.round(w[i * n + c]! / scale) + 8 : 8;
        const at = (c * blocks + b) * size + (i - b * size);
        packed[at >> 1]! |= Math.min(15, Math.max(0, q)) << (4 * (at & 1));
      }
    }
  return {
    k,
    n,
    packed: { dtype: 'uint8', shape: [n, blocks, size / 2], data: packed },
    scales: { dtype: 'float32', shape: [n * blocks], data: scales },
  };
}

/** Weights of matrix products in 4 bits by blocks: com.microsoft's MatMulNBits. */
export function quantizeWeights4(
  doc: Document,
  { weighted }: Selection,
  { blockSize }: BlockOptions,
): void {
  for (const w of weighted) {
    if (w.node.op_type === 'Conv') continue;
    const { k, n, packed, scales } = packBlocks(doc.constant(w.weight)!, w.axis, blockSize);
    const y = w.node.output[0]!;
    const product = w.bias === null ? y : doc.freshName(`${y}_product`);
    const inputs = [
      w.node.input[0]!,
      doc.addConstant(`${w.weight}_q4`, packed),
      doc.addConstant(`${w.weight}_scales`, scales),
    ];
    const attributes = { K: k, N: n, bits: 4, block_size: blockSize };
    doc.insert(node('MatMulNBits', inputs, [product], attributes, 'com.microsoft'), w.node);
    if (w.bias !== null) doc.insert(node('Add', [product, w.bias], [y]), w.node);
    doc.remove(w.node);
  }
}

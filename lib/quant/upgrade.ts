/**
 * Brings a model of operator set 7 to 12 to version 13, where QuantizeLinear knows channels: operators
 * that changed on the way are written anew (ONNX, docs/Changelog.md), all others stay as they are.
 */
import { node } from '../onnx/export.js';
import { type Tensor, fromNumbers } from '../tensor/tensor.js';
import { type DocNode, type Document, attributeOf, floatOf, intOf, textOf } from './document.js';

export const TARGET_OPSET = 13;
const OLDEST = 7;

const intsOf = (n: DocNode, name: string): number[] | null =>
  attributeOf(n, name)?.ints.map(Number) ?? null;
function without(n: DocNode, ...names: string[]): void {
  n.attribute = n.attribute.filter((a) => !names.includes(a.name));
}
const int64s = (values: readonly number[]): Tensor => fromNumbers('int64', [values.length], values);

/** An attribute that became input `at`. */
function toInput(doc: Document, n: DocNode, name: string, at: number): true {
  const values = intsOf(n, name);
  without(n, name);
  if (values) addInput(doc, n, at, name, int64s(values));
  return true;
}
function addInput(doc: Document, n: DocNode, at: number, name: string, t: Tensor): void {
  while (n.input.length < at) n.input.push('');
  n.input[at] = doc.addConstant(`${n.output[0]!}_${name}`, t);
}

function clip(doc: Document, n: DocNode): true {
  if (n.input.length > 1) return true;
  for (const [at, name] of ['min', 'max'].entries())
    if (attributeOf(n, name))
      addInput(doc, n, at + 1, name, fromNumbers('float32', [], [floatOf(n, name, 0)]));
  without(n, 'min', 'max');
  return true;
}

function pad(doc: Document, n: DocNode): true {
  if (n.input.length > 1) return true;
  const value = floatOf(n, 'value', 0);
  without(n, 'value');
  toInput(doc, n, 'pads', 1);
  if (value !== 0) addInput(doc, n, 2, 'value', fromNumbers('float32', [], [value]));
  return true;
}

function slice(doc: Document, n: DocNode): true {
  if (n.input.length > 1) return true;
  const starts = intsOf(n, 'starts') ?? [];
  const axes = intsOf(n, 'axes') ?? starts.map((_, i) => i);
  addInput(doc, n, 1, 'starts', int64s(starts));
  addInput(doc, n, 2, 'ends', int64s(intsOf(n, 'ends') ?? []));
  addInput(doc, n, 3, 'axes', int64s(axes));
  without(n, 'starts', 'ends', 'axes');
  return true;
}

/** Softmax and its like over all axes from `axis` on: as rows of a matrix, which get their shape back. */
function flattened(doc: Document, n: DocNode): true {
  const axis = intOf(n, 'axis', 1);
  without(n, 'axis');
  const [x, y] = [n.input[0]!, n.output[0]!];
  if (axis === -1) return true;
  const [shape, rows, result] = ['shape', 'rows', 'result'].map((s) =>
    doc.freshName(`${y}_${s}`),
  ) as [string, string, string];
  doc.insert(node('Shape', [x], [shape]), n);
  doc.insert(node('Flatten', [x], [rows], { axis }), n);
  n.input[0] = rows;
  n.output[0] = result;
  const next = doc.nodes[doc.nodes.indexOf(n) + 1] ?? null;
  doc.insert(node('Reshape', [result, shape], [y]), next);
  return true;
}

function dropout(doc: Document, n: DocNode): boolean {
  if (n.output.slice(1).some((o) => o !== '' && doc.users(o).length > 0)) return false;
  doc.insert(node('Identity', [n.input[0]!], [n.output[0]!]), n);
  doc.remove(n);
  return true;
}

/** Upsample, and Resize of version 10: pixels by floor(i / scale), linear ones likewise not centred. */
function resize(doc: Document, n: DocNode): boolean {
  if (n.op_type === 'Resize' && doc.opset >= 11) return true;
  const mode = textOf(n, 'mode', 'nearest');
  const scales = attributeOf(n, 'scales');
  if (scales) return false;
  const roi = doc.addConstant(`${n.output[0]!}_roi`, fromNumbers('float32', [0], []));
  const attributes = {
    mode: mode === 'bilinear' ? 'linear' : mode,
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  };
  doc.insert(node('Resize', [n.input[0]!, roi, n.input[1]!], n.output, attributes), n);
  doc.remove(n);
  return true;
}

const topK = (doc: Document, n: DocNode): true => {
  if (n.input.length > 1) return true;
  addInput(doc, n, 1, 'k', int64s([intOf(n, 'k', 1)]));
  without(n, 'k');
  return true;
};

/** Rewrites the node in place; false where that cannot be done. */
const CHANGED: Readonly<Record<string, (doc: Document, n: DocNode) => boolean>> = {
  BatchNormalization: (_, n) => intOf(n, 'spatial', 1) === 1,
  Clip: clip,
  Dropout: dropout,
  Hardmax: flattened,
  LogSoftmax: flattened,
  Pad: pad,
  ReduceSum: (doc, n) => toInput(doc, n, 'axes', 1),
  Resize: resize,
  Scatter: (_, n) => ((n.op_type = 'ScatterElements'), true),
  Slice: slice,
  Softmax: flattened,
  Split: (doc, n) => toInput(doc, n, 'split', 1),
  Squeeze: (doc, n) => toInput(doc, n, 'axes', 1),
  TopK: topK,
  Unsqueeze: (doc, n) => toInput(doc, n, 'axes', 1),
  Upsample: resize,
};

/** Whether the document is of version 13 now; if not it is spoilt and must be made anew. */
export function upgrade(doc: Document): boolean {
  if (doc.opset >= TARGET_OPSET) return true;
  if (doc.opset < OLDEST || doc.nodes.some((n) => n.attribute.some((a) => a.g !== null)))
    return false;
  for (const n of [...doc.nodes])
    if (n.domain === '' && !(CHANGED[n.op_type]?.(doc, n) ?? true)) return false;
  doc.opset = TARGET_OPSET;
  doc.changed();
  return true;
}

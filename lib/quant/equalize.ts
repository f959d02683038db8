/**
 * Moves the spread of activations into weights (SmoothQuant, Xiao et al. 2022, section 4): x·W =
 * (x / s)·(s · W) with s chosen by channel, where x comes out of a normalisation whose factors can be
 * divided by s.
 */
import type { Tensor } from '../tensor/tensor.js';
import type { Calibration } from './calibrate.js';
import { type DocNode, type Document } from './document.js';
import type { Selection, WeightedNode } from './select.js';

/** share of the spread that weights take over */
const ALPHA = 0.5;

interface Affine {
  readonly node: DocNode;
  /** indices of the node's inputs that scale with x */
  readonly inputs: readonly number[];
}

/** Where factors of the value's last axis stand: constants that can be divided by s; null where none do. */
function affineOf(doc: Document, value: string, channels: number): Affine[] | null {
  const isVector = (name: string | undefined): boolean => {
    const t = name === undefined ? null : doc.constant(name);
    return t?.dtype === 'float32' && t.shape.length === 1 && t.shape[0] === channels;
  };
  const n = doc.maker(value);
  if (n?.op_type === 'LayerNormalization' && isVector(n.input[1]))
    return [{ node: n, inputs: n.input[2] ? [1, 2] : [1] }];
  if (n?.op_type !== 'Add') return null;
  const shift = n.input.findIndex(isVector);
  const scaled = shift < 0 ? undefined : doc.maker(n.input[1 - shift]!);
  if (scaled?.op_type !== 'Mul' || doc.users(scaled.output[0]!).length !== 1) return null;
  const factor = scaled.input.findIndex(isVector);
  if (factor < 0) return null;
  return [
    { node: n, inputs: [shift] },
    { node: scaled, inputs: [factor] },
  ];
}

const scaledBy = (t: Tensor, s: (i: number) => number): Tensor => ({
  ...t,
  data: (t.data as Float32Array).map((x, i) => x * s(i)),
});

/** Equalizes every normalisation whose result only products read; returns how many. */
export function equalize(
  doc: Document,
  { weighted }: Selection,
  { channels }: Calibration,
): number {
  const byInput = new Map<string, WeightedNode[]>();
  for (const w of weighted)
    if (w.node.op_type !== 'Conv')
      byInput.set(w.node.input[0]!, [...(byInput.get(w.node.input[0]!) ?? []), w]);
  let count = 0;
  for (const [value, readers] of byInput) {
    const stats = channels.get(value);
    const size = stats?.most.length ?? 0;
    const affine = stats && affineOf(doc, value, size);
    if (!stats || !affine || doc.isOutput(value)) continue;
    if (doc.users(value).some((u) => !readers.some((w) => w.node === u))) continue;
    const most = new Float64Array(size);
    for (const w of readers)
      eachWeight(doc, w, (x, i) => (most[i] = Math.max(most[i]!, Math.abs(x))));
    const s = stats.most.map((a, i) =>
      Math.max(1e-5, a ** ALPHA / Math.max(most[i]!, 1e-5) ** (1 - ALPHA)),
    );
    for (const { node, inputs } of affine)
      for (const i of inputs) {
        const t = doc.constant(node.input[i]!)!;
        node.input[i] = doc.addConstant(
          `${node.input[i]!}_equalized`,
          scaledBy(t, (c) => 1 / s[c]!),
        );
      }
    for (const w of readers) {
      const t = doc.constant(w.weight)!;
      const inner = t.shape[1]!;
      const channel = (i: number): number =>
        w.inputAxis === 0 ? Math.floor(i / inner) : i % inner;
      w.node.input[1] = doc.addConstant(
        `${w.weight}_equalized`,
        scaledBy(t, (i) => s[channel(i)]!),
      );
    }
    doc.changed();
    count++;
  }
  return count;
}

function eachWeight(doc: Document, w: WeightedNode, f: (x: number, channel: number) => void): void {
  const t = doc.constant(w.weight)!;
  const inner = t.shape[1]!;
  (t.data as Float32Array).forEach((x, i) =>
    f(x, w.inputAxis === 0 ? Math.floor(i / inner) : i % inner),
  );
}

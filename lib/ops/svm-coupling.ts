/**
 * SvmCoupling: class probabilities from those of pairs of classes, by the second method of Wu, Lin and
 * Weng, Probability Estimates for Multi-class Classification by Pairwise Coupling (2004), section 4.
 * Input: [N, pairs], of classes (0,1), (0,2) … (1,2) …, the probability of the first; output: [N, classes].
 */
import { defineOp, shapeError } from '../ir/op.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import { floatAt } from './facts.js';

export interface SvmCouplingAttrs {
  readonly classes: number;
}

const ROUNDS = 100;

/** `r(i, j)`: probability of class i against j. */
function coupled(classes: number, r: (i: number, j: number) => number): Float64Array {
  const p = new Float64Array(classes).fill(1 / classes);
  const q = new Float64Array(classes * classes);
  const at = (i: number, j: number): number => i * classes + j;
  for (let i = 0; i < classes; i++)
    for (let j = 0; j < classes; j++)
      if (i !== j) {
        q[at(i, i)]! += r(j, i) ** 2;
        q[at(i, j)] = -r(j, i) * r(i, j);
      }
  const qp = new Float64Array(classes);
  const limit = 0.005 / classes;
  for (let round = 0; round < ROUNDS; round++) {
    let pqp = 0;
    for (let i = 0; i < classes; i++) {
      qp[i] = 0;
      for (let j = 0; j < classes; j++) qp[i]! += q[at(i, j)]! * p[j]!;
      pqp += p[i]! * qp[i]!;
    }
    if (qp.every((x) => Math.abs(x - pqp) < limit)) break;
    for (let i = 0; i < classes; i++) {
      const diff = (pqp - qp[i]!) / q[at(i, i)]!;
      p[i]! += diff;
      pqp = (pqp + diff * (diff * q[at(i, i)]! + 2 * qp[i]!)) / (1 + diff) ** 2;
      for (let j = 0; j < classes; j++) {
        qp[j] = (qp[j]! + diff * q[at(i, j)]!) / (1 + diff);
        p[j]! /= 1 + diff;
      }
    }
  }
  return p;
}

export const SvmCoupling = defineOp<SvmCouplingAttrs>({
  name: 'SvmCoupling',
  infer(inputs, { classes }) {
    const { dtype, shape } = floatAt(inputs, 0);
    const pairs = (classes * (classes - 1)) / 2;
    if (shape.length !== 2 || shape[1] !== pairs) shapeError(`expected ${pairs} pairs`);
    return [{ type: { dtype, shape: [shape[0]!, classes] } }];
  },
  eval([x], { classes }) {
    const [rows, pairs] = x!.shape as [number, number];
    const values = toNumbers(x!);
    const out = new Float64Array(rows * classes);
    for (let row = 0; row < rows; row++) {
      const of = (i: number, j: number): number =>
        values[row * pairs + i * classes - (i * (i + 1)) / 2 + (j - i - 1)]!;
      const r = (i: number, j: number): number => (i < j ? of(i, j) : 1 - of(j, i));
      out.set(coupled(classes, r), row * classes);
    }
    return [fromNumbers(x!.dtype, [rows, classes], out)];
  },
});

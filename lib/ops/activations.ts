/** The activation functions of ONNX's recurrent operators. */
import { raise } from '../errors.js';
import type { OnnxNode } from '../ir/op.js';

export interface Activation {
  readonly name: string;
  readonly alpha: number;
  readonly beta: number;
}

type Formula = (x: number, alpha: number, beta: number) => number;
interface Entry {
  readonly f: Formula;
  /** defaults of the parameters it has: alpha, then beta */
  readonly defaults: readonly number[];
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** By name in lower case; ONNX compares names without regard to case. */
const TABLE: Readonly<Record<string, Entry>> = {
  sigmoid: { f: sigmoid, defaults: [] },
  tanh: { f: Math.tanh, defaults: [] },
  relu: { f: (x) => Math.max(0, x), defaults: [] },
  affine: { f: (x, a, b) => a * x + b, defaults: [1, 0] },
  leakyrelu: { f: (x, a) => (x < 0 ? a * x : x), defaults: [0.01] },
  thresholdedrelu: { f: (x, a) => (x > a ? x : 0), defaults: [1] },
  scaledtanh: { f: (x, a, b) => a * Math.tanh(b * x), defaults: [1, 1] },
  hardsigmoid: { f: (x, a, b) => Math.min(1, Math.max(0, a * x + b)), defaults: [0.2, 0.5] },
  elu: { f: (x, a) => (x < 0 ? a * Math.expm1(x) : x), defaults: [1] },
  softsign: { f: (x) => x / (1 + Math.abs(x)), defaults: [] },
  softplus: { f: (x) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))), defaults: [] },
};

/** The function itself. */
export function formulaOf({ name, alpha, beta }: Activation): (x: number) => number {
  const { f } = TABLE[name]!;
  return (x) => f(x, alpha, beta);
}

/**
 * The attributes activations, activation_alpha and activation_beta: parameters are handed out in
 * order to the functions that have them. `fallback` repeats for each direction.
 */
export function readActivations(
  n: OnnxNode,
  fallback: readonly string[],
  directions: number,
): Activation[] {
  const all = Array.from({ length: directions }, () => fallback).flat();
  const alphas = [...n.floats('activation_alpha', [])];
  const betas = [...n.floats('activation_beta', [])];
  const names = n.strings('activations', all).map((s) => s.toLowerCase());
  const unknown = names.find((name) => !(name in TABLE));
  if (unknown !== undefined || names.length !== all.length)
    raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: 'activations',
      expected: `${all.length} of ${Object.keys(TABLE).join(', ')}`,
      got: unknown ?? `${names.length}`,
    });
  return names.map((name) => {
    const [a, b] = TABLE[name]!.defaults;
    return {
      name,
      alpha: a === undefined ? 0 : (alphas.shift() ?? a),
      beta: b === undefined ? 0 : (betas.shift() ?? b),
    };
  });
}

/** The kernels know only these. */
export const areNamed = (list: readonly Activation[], names: readonly string[]): boolean =>
  list.every((a, i) => a.name === names[i]);

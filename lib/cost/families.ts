/**
 * Kernel families and how many of each term (lib/cost/terms.ts) their steps take. Written by
 * bench/fit-cost.ts, which fits them to profiled runs of the bench's models.
 */
import type { Term } from './terms.js';

export interface Family {
  readonly name: string;
  readonly kernels: RegExp;
  readonly coefficients: Readonly<Partial<Record<Term, number>>>;
}

/** The first family whose pattern a kernel's name matches is its own. */
export const FAMILIES: readonly Family[] = [
  {
    name: 'gemm.f32',
    kernels: /^gemm\.f32/,
    coefficients: {
      items: 2.28,
      flops: 0.816,
      calls: 86.1,
      light: 12.9,
      heavy: 106,
      near: 0.434,
      weights: 0.29,
      exposed: 0.86,
    },
  },
  {
    name: 'gemm.i8',
    kernels: /^gemm\.i8/,
    coefficients: {
      items: 48,
      flops: 0.273,
      calls: 53.9,
      light: 15.1,
      heavy: 78.5,
      scattered: 46.5,
      weights: 0.819,
    },
  },
  {
    name: 'gemm.bf16',
    kernels: /^gemm\.bf16/,
    coefficients: {
      items: 10,
      flops: 0.9,
      calls: 60,
      light: 15,
      heavy: 78,
      near: 0.5,
      weights: 0.8,
    },
  },
  {
    name: 'winograd',
    kernels: /^winograd\./,
    coefficients: {
      step: 12.3,
      items: 23.5,
      flops: 0.841,
      elements: 109,
      light: 107,
      weights: 0.439,
    },
  },
  {
    name: 'dwconv',
    kernels: /^dwconv/,
    coefficients: {
      step: 2.43,
      flops: 1.8,
      elements: 0.303,
      calls: 1.04,
      light: 70.8,
      near: 0.898,
    },
  },
  {
    name: 'chain',
    kernels: /^chain/,
    coefficients: {
      step: 1.18,
      items: 1.72,
      flops: 7.26,
      light: 8.42,
      heavy: 80.3,
      scattered: 11.3,
      near: 0.686,
    },
  },
  {
    name: 'attention',
    kernels: /^attention/,
    coefficients: { step: 167, flops: 0.602, heavy: 228 },
  },
  {
    name: 'pool',
    kernels: /^(max_pool|average_pool|lp_pool)/,
    coefficients: { items: 1.38, elements: 2.46, calls: 7.05, near: 1.52 },
  },
  {
    name: 'pad',
    kernels: /^pad\./,
    coefficients: { step: 1, items: 0.3, elements: 3.2, weights: 1 },
  },
  {
    name: 'copy',
    kernels: /^(copy|gather|scatter|concat)/,
    coefficients: {
      step: 0.659,
      items: 0.951,
      flops: 8.06,
      scattered: 19.4,
      near: 1.06,
      weights: 0.158,
      exposed: 0.296,
    },
  },
  {
    name: 'resize',
    kernels: /^resize/,
    coefficients: { step: 7.73, elements: 19.1, near: 1.49, weights: 4, exposed: 4 },
  },
  {
    name: 'reduce',
    kernels: /^(reduce|arg)/,
    coefficients: { step: 1.29, items: 0.204, flops: 0.00397, elements: 9.77, near: 0.0657 },
  },
  {
    name: 'norm',
    kernels: /^(layer_norm|softmax|rms_norm|group_norm|instance|log_softmax)/,
    coefficients: { step: 0.89, items: 0.541, flops: 1.94, near: 0.399, weights: 0.481 },
  },
  {
    name: 'lrn',
    kernels: /^lrn/,
    coefficients: { step: 107, items: 0.452, flops: 10.2, elements: 0.5 },
  },
  {
    name: 'recurrent',
    kernels: /^(lstm|gru|rnn)/,
    coefficients: {
      step: 24.6,
      items: 0.5,
      flops: 0.0882,
      elements: 45.7,
      near: 0.5,
      weights: 0.0429,
      exposed: 0.385,
    },
  },
  {
    name: 'other',
    kernels: /(?:)/,
    coefficients: { step: 2, items: 0.5, flops: 1.5, elements: 10, near: 1.5, weights: 1 },
  },
];

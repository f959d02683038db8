/** Reproducible random numbers for test models and inputs. */
import type { Tensor } from '../../lib/tensor/tensor.js';
import { sizeOf, tensor } from '../../lib/tensor/tensor.js';

export interface Random {
  /** uniform in [0, 1) */
  next(): number;
  /** standard normal */
  normal(): number;
  /** integer in [low, high) */
  int(low: number, high: number): number;
  /** a float32 tensor of normal elements times `scale` */
  tensor(shape: readonly number[], scale?: number): Tensor;
}

/** A linear congruential generator modulo 2^32 whose upper bits are mixed (splitmix-like). */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return {
    next,
    normal,
    int: (low, high) => low + Math.floor(next() * (high - low)),
    tensor: (shape, scale = 1) =>
      tensor(
        'float32',
        shape,
        Float32Array.from({ length: sizeOf(shape) }, () => normal() * scale),
      ),
  };
}

/** ReduceProd (ONNX): Π x over some axes. */
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { reduction } from './reduction.js';

export const ReduceProd = reduction({
  name: 'ReduceProd',
  kernel: 'reduce_prod',
  fold: (x) => x.reduce((a, b) => a * b, 1),
  dims: (x) => x.reduce<Dim>(D.mul, 1),
  nests: true,
  native: ['float32', 'int64', 'int32'],
  axesInput: 18,
});

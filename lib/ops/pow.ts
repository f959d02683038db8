/** Pow (ONNX): x^y in the type of x; integer powers of integers wrap. */
import * as D from '../tensor/dim.js';
import { type ElementOp, type NoAttrs, arithmetic } from './elementwise.js';

/** As C's pow: 1^y and (±1)^±∞ are 1. */
const power = (x: number, y: number): number =>
  x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y;

function integerPower(x: bigint, y: bigint): bigint {
  if (y < 0n) return x === 1n || x === -1n ? x ** (-y & 1n) : 0n;
  let [r, b] = [1n, x];
  for (let e = y; e > 0n; e >>= 1n) {
    if (e & 1n) r = BigInt.asIntN(64, r * b);
    b = BigInt.asIntN(64, b * b);
  }
  return r;
}

function dimPower(x: D.Dim, y: D.Dim): D.Dim | undefined {
  if (typeof y !== 'number' || !Number.isInteger(y) || y < 0 || y > 8) return undefined;
  let r: D.Dim = 1;
  for (let i = 0; i < y; i++) r = D.mul(r, x);
  return r;
}

export const Pow: ElementOp<NoAttrs> = arithmetic('Pow', power, {
  mixed: [1],
  result: ([x]) => x!,
  exact: () => integerPower,
  dim: ([x, y]) => dimPower(x!, y!),
  flops: 40,
});

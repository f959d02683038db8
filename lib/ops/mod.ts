/** Mod (ONNX): the rest of x / y, with the sign of x where fmod is 1, else with that of y. */
import * as D from '../tensor/dim.js';
import { type ElementOp, elementwise } from './elementwise.js';

export interface ModAttrs {
  readonly fmod: 0 | 1;
}

const rest = (x: number, y: number, fmod: boolean): number => {
  const r = x % y;
  if (fmod) return r;
  // a zero has the sign of y, too
  if (r === 0) return y < 0 || Object.is(y, -0) ? -0 : 0;
  return r < 0 !== y < 0 ? r + y : r;
};
function exactRest(x: bigint, y: bigint, fmod: boolean): bigint {
  if (y === 0n) return 0n;
  const r = x % y;
  return !fmod && r !== 0n && r < 0n !== y < 0n ? r + y : r;
}

export const Mod: ElementOp<ModAttrs> = elementwise<ModAttrs>({
  name: 'Mod',
  kernel: 'mod',
  inputs: ['number', 'number'],
  numbers:
    ({ fmod }) =>
    (x, y) =>
      rest(x, y, fmod === 1),
  exact:
    ({ fmod }) =>
    (x, y) =>
      exactRest(x, y, fmod === 1),
  dim: ([x, y]) => (D.bounds(x!)[0] >= 0 && D.bounds(y!)[0] > 0 ? D.mod(x!, y!) : undefined),
  domains: ['f32', 'f64', 'i64'],
  ordered: true,
  params: ({ fmod }) => ({ fmod }),
  flops: 20,
  onnx: [{ type: 'Mod', since: 10, read: (n) => ({ fmod: n.int('fmod', 0) === 1 ? 1 : 0 }) }],
});

/**
 * Rfft and Irfft of com.microsoft: transforms of the last `signal_ndim` axes of real numbers, of which the
 * last axis of frequencies goes up to half of the length: [..., d₁, …, dₙ] ↔ [..., d₁, …, dₙ / 2 + 1, 2].
 * The inverse is divided by the number of elements.
 */
import { raise } from '../errors.js';
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError } from '../ir/op.js';
import { unsqueezed } from './arrange.js';
import { DFT } from './dft.js';
import { importOnly } from './formula.js';
import { reshaped } from './reshape.js';

/** The transformed axes, first to last; raises for what onnxruntime does not have either. */
function axesOf(n: OnnxNode, rank: number): number[] {
  const count = n.int('signal_ndim');
  for (const [attribute, expected] of [
    ['normalized', 0],
    ['onesided', 1],
  ] as const) {
    const got = n.int(attribute);
    if (got !== expected)
      raise('HAIO_E_ATTRIBUTE', {
        node: n.name,
        op: n.type,
        attribute,
        expected: String(expected),
        got,
      });
  }
  if (count < 1 || count > 3 || count > rank) shapeError(`${count} axes of ${rank} to transform`);
  return Array.from({ length: count }, (_, i) => rank - count + i);
}

const along = (x: Value, axis: number, inverse: boolean, onesided: boolean): Value =>
  apply(DFT, { axis, inverse, onesided }, [x]);

function forward(n: OnnxNode): Value[] {
  const x = n.inputs[0]!;
  const rank = shapeOf(x).length;
  const axes = axesOf(n, rank);
  const halved = along(unsqueezed(x, rank), axes.at(-1)!, false, true);
  return [axes.slice(0, -1).reduce((y, axis) => along(y, axis, false, false), halved)];
}

function backward(n: OnnxNode): Value[] {
  const x = n.inputs[0]!;
  const axes = axesOf(n, shapeOf(x).length - 1);
  const whole = axes.slice(0, -1).reduce((y, axis) => along(y, axis, true, false), x);
  const real = along(whole, axes.at(-1)!, true, true);
  return [reshaped(real, shapeOf(real).slice(0, -1))];
}

const domain = 'com.microsoft';

export const Rfft = importOnly('Rfft', [
  { type: 'Rfft', since: 1, domain, build: forward },
  { type: 'Irfft', since: 1, domain, build: backward },
]);

/** TensorScatter (ONNX): a cache with new elements of a sequence written from a place of each batch on. */
import { raise } from '../errors.js';
import { apply, literal } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError, typeError } from '../ir/op.js';
import { Expand } from './expand.js';
import { fromStart, rankAt } from './facts.js';
import { importOnly, plus } from './formula.js';
import { regrouped, sizeAt } from './heads.js';
import { Mod } from './mod.js';
import { Range } from './range.js';
import { ScatterElements } from './scatter-elements.js';
import { Shape } from './shape.js';

function build(n: OnnxNode): Value[] {
  const [cache, update, starts] = n.inputs;
  if (!cache || !update) typeError('an input is missing');
  const rank = rankAt(n, 0);
  const axis = fromStart(n.int('axis', -2), rank);
  if (axis < 1 || axis >= rank) shapeError(`axis ${axis} of ${rank}`);
  const mode = n.string('mode', 'linear');
  if (mode !== 'linear' && mode !== 'circular')
    raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: 'mode',
      expected: 'linear | circular',
      got: mode,
    });
  const along = (v: Value, at: number): Value =>
    regrouped(
      v,
      shapeOf(cache).map((_, i) => (i === at ? -1 : 1)),
    );
  const [zero, one] = [0, 1].map((x) => literal('int64', [], [x]));
  const steps = apply(Range, {}, [zero!, regrouped(sizeAt(update, axis), []), one!]);
  let places = along(steps, axis);
  if (starts) places = plus(places, along(starts, 0));
  if (mode === 'circular') places = apply(Mod, { fmod: 0 }, [places, sizeAt(cache, axis)]);
  const indices = apply(Expand, {}, [places, apply(Shape, {}, [update])]);
  return [apply(ScatterElements, { axis, reduction: 'none' }, [cache, indices, update])];
}

export const TensorScatter = importOnly('TensorScatter', [
  { type: 'TensorScatter', since: 24, build },
]);

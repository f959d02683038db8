/** Resize-10 to -19 and Upsample as ONNX has them: channels first, many optional inputs. */
import { raise } from '../errors.js';
import type { Value } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { numbersOf, rankAt } from './facts.js';
import { MODES, NEAREST, TRANSFORMS } from './resize-grid.js';
import type { ResizeAttrs } from './resize-shape.js';
import { axesOf } from './sizes.js';

function oneOf<T extends string>(n: OnnxNode, name: string, all: readonly T[], fallback: T): T {
  const got = n.string(name, fallback);
  const expected = all.join(', ');
  return (
    all.find((t) => t === got) ??
    raise('HAIO_E_ATTRIBUTE', { node: n.name, op: n.type, attribute: name, expected, got })
  );
}

/** Attributes for the axes as ONNX orders them, and the sizes if these are given. */
export interface ResizeRequest {
  readonly attrs: ResizeAttrs;
  readonly sizes: Value | null;
}

/** Without the axes that keep their size, where scales are given. */
function onlyScaled(attrs: ResizeAttrs, scales: readonly number[]): ResizeAttrs {
  const crop = attrs.transform === 'tf_crop_and_resize';
  const kept = scales.map((_, i) => i).filter((i) => crop || scales[i] !== 1);
  return {
    ...attrs,
    axes: kept.map((i) => attrs.axes[i]!),
    scales: kept.map((i) => scales[i]!),
    roi: attrs.roi && kept.map((i) => attrs.roi![i]!),
  };
}

const LEGACY = {
  transform: 'asymmetric',
  nearest: 'simple',
  cubicA: -0.75,
  excludeOutside: false,
  antialias: false,
  roi: null,
  extrapolation: 0,
  policy: 'stretch',
} as const;

/** Upsample-1 to -9, Resize-10: scales only, positions are divided by them. */
export function readUpsample(n: OnnxNode): ResizeRequest {
  const sides = n.opset < 7 ? [1, 1, n.float('height_scale'), n.float('width_scale')] : null;
  const scales = numbersOf(n, n.inputs[1]) ?? sides ?? n.floats('scales');
  const mode = n.string('mode', 'nearest') === 'nearest' ? 'nearest' : 'linear';
  const axes = scales.map((_, i) => i);
  return { attrs: onlyScaled({ ...LEGACY, mode, axes, scales }, scales), sizes: null };
}

export function readResize(n: OnnxNode): ResizeRequest {
  if (n.opset < 11) return readUpsample(n);
  const [, roiInput, scalesInput, sizes = null] = n.inputs;
  const rank = rankAt(n, 0);
  const axes = axesOf(
    n.ints(
      'axes',
      Array.from({ length: rank }, (_, i) => i),
    ),
    rank,
  );
  const transform = oneOf(n, 'coordinate_transformation_mode', TRANSFORMS, 'half_pixel');
  const crop = transform === 'tf_crop_and_resize' ? numbersOf(n, roiInput) : null;
  const attrs: ResizeAttrs = {
    mode: oneOf(n, 'mode', MODES, 'nearest'),
    transform,
    nearest: oneOf(n, 'nearest_mode', NEAREST, 'round_prefer_floor'),
    cubicA: n.float('cubic_coeff_a', -0.75),
    excludeOutside: n.int('exclude_outside', 0) !== 0,
    antialias: n.int('antialias', 0) !== 0,
    axes,
    scales: null,
    roi: crop && axes.map((_, i) => [crop[i]!, crop[i + axes.length]!] as const),
    extrapolation: n.float('extrapolation_value', 0),
    policy: oneOf(
      n,
      'keep_aspect_ratio_policy',
      ['stretch', 'not_larger', 'not_smaller'],
      'stretch',
    ),
  };
  if (sizes) return { attrs, sizes };
  const scales = numbersOf(n, scalesInput);
  if (!scales || scales.length === 0)
    raise('HAIO_E_GRAPH', { reason: `node '${n.name}' (Resize) has neither scales nor sizes` });
  return { attrs: onlyScaled(attrs, scales), sizes: null };
}

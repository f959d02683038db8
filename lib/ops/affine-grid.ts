/**
 * AffineGrid (ONNX): the places that affine maps θ[N, D, D + 1] take the pixels of an image of a given
 * size to, from −1 to 1, as GridSample reads them: [N, ...spatial, D].
 */
import { raise } from '../errors.js';
import { apply, literal } from '../ir/build.js';
import { type Value, dtypeOf } from '../ir/graph.js';
import { type OnnxNode, shapeError, typeError } from '../ir/op.js';
import { sizeOf } from '../tensor/tensor.js';
import { numbersOf } from './facts.js';
import { importOnly } from './formula.js';
import { regrouped } from './heads.js';
import { indices } from './images.js';
import { MatMul } from './mat-mul.js';
import { Transpose } from './transpose.js';

/** Most pixels of a grid: they are a constant of the graph. */
const PIXEL_LIMIT = 2 ** 22;

/** Coordinate of pixel i of `size`: −1 and 1 are centres of the outer ones, or their outer edges. */
const coordinate = (i: number, size: number, aligned: boolean): number =>
  aligned ? (size > 1 ? (2 * i) / (size - 1) - 1 : -1) : (2 * i + 1) / size - 1;

function build(n: OnnxNode): Value[] {
  const [theta] = n.inputs;
  if (!theta) typeError('input 0 is missing');
  const size = numbersOf(n, n.inputs[1]) ?? shapeError('the size is missing');
  const spatial = size.slice(2);
  if (size.length < 4 || size.length > 5) shapeError(`a size of ${size.length} numbers`);
  const pixels = sizeOf(spatial);
  if (pixels > PIXEL_LIMIT)
    raise('HAIO_E_LIMIT', { what: 'the size of a grid', got: pixels, limit: PIXEL_LIMIT });
  const aligned = n.int('align_corners', 0) !== 0;
  // x, y, (z,) 1 of each pixel
  const rows = Array.from(indices(spatial), (at) => [
    ...at.map((i, axis) => coordinate(i, spatial[axis]!, aligned)).reverse(),
    1,
  ]).flat();
  const base = literal(dtypeOf(theta), [pixels, spatial.length + 1], rows);
  const turned = apply(Transpose, { perm: [0, 2, 1] }, [theta]);
  const grid = apply(MatMul, { stages: [] }, [base, turned]);
  return [regrouped(grid, [0, ...spatial, spatial.length])];
}

export const AffineGrid = importOnly('AffineGrid', [{ type: 'AffineGrid', since: 20, build }]);

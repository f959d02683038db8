/** NonMaxSuppression (ONNX): boxes by falling score that overlap no better one of their class. */
import { defineOp, shapeError } from '../ir/op.js';
import { type Tensor, fromNumbers, toNumbers } from '../tensor/tensor.js';
import { floatAt } from './facts.js';

/**
 * Inputs: boxes [B, N, 4], scores [B, C, N] and, optional, the most boxes of a class (default 0),
 * the overlap and the score above which a box is dropped or taken. Output: [count, 3] of (batch,
 * class, box), int64.
 */
export interface NonMaxSuppressionAttrs {
  /** boxes are (x centre, y centre, width, height), else two opposite corners (y, x, y, x) */
  readonly centerPointBox: boolean;
}

type Box = readonly [y0: number, x0: number, y1: number, x1: number];

function boxAt(values: Float64Array, at: number, centre: boolean): Box {
  const [a, b, c, d] = values.subarray(at, at + 4) as unknown as [number, number, number, number];
  if (centre) return [b - d / 2, a - c / 2, b + d / 2, a + c / 2];
  return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
}

/** Intersection over union. */
function overlap(p: Box, q: Box): number {
  const height = Math.min(p[2], q[2]) - Math.max(p[0], q[0]);
  const width = Math.min(p[3], q[3]) - Math.max(p[1], q[1]);
  if (height <= 0 || width <= 0) return 0;
  const area = (b: Box): number => (b[2] - b[0]) * (b[3] - b[1]);
  const both = height * width;
  return both / (area(p) + area(q) - both);
}

const scalar = (t: Tensor | null | undefined): number | null => (t ? toNumbers(t)[0]! : null);

export const NonMaxSuppression = defineOp<NonMaxSuppressionAttrs>({
  name: 'NonMaxSuppression',
  infer(inputs, _, ctx) {
    const [boxes, scores] = [floatAt(inputs, 0).shape, floatAt(inputs, 1).shape];
    if (boxes.length !== 3 || scores.length !== 3) shapeError('boxes and scores must have 3 axes');
    return [{ type: { dtype: 'int64', shape: [ctx.fresh('selected'), 3] } }];
  },
  eval([boxes, scores, most, iou, least], { centerPointBox }) {
    const [batches, count] = boxes!.shape as [number, number];
    const classes = scores!.shape[1]!;
    const [corners, values] = [toNumbers(boxes!), toNumbers(scores!)];
    const [limit, allowed, threshold] = [scalar(most) ?? 0, scalar(iou) ?? 0, scalar(least)];
    const rows: number[] = [];
    for (let b = 0; b < batches; b++)
      for (let c = 0; c < classes; c++) {
        const scoreOf = (i: number): number => values[(b * classes + c) * count + i]!;
        const order = Array.from({ length: count }, (_, i) => i)
          .filter((i) => threshold === null || scoreOf(i) > threshold)
          .sort((i, j) => scoreOf(j) - scoreOf(i) || i - j);
        const taken: Box[] = [];
        for (const i of order) {
          if (taken.length >= limit) break;
          const box = boxAt(corners, (b * count + i) * 4, centerPointBox);
          if (taken.some((t) => overlap(t, box) > allowed)) continue;
          taken.push(box);
          rows.push(b, c, i);
        }
      }
    return [fromNumbers('int64', [rows.length / 3, 3], rows)];
  },
  onnx: [
    {
      type: 'NonMaxSuppression',
      since: 10,
      read: (n) => ({ centerPointBox: n.int('center_point_box', 0) !== 0 }),
    },
  ],
});

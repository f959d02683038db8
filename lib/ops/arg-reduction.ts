/** Maker of ArgMax and ArgMin: where along one axis the largest or smallest element stands. */
import { defineOp, type OpDef } from '../ir/op.js';
import type { Dim } from '../tensor/dim.js';
import { shortOf } from '../tensor/dtype.js';
import { fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { eachLine, linesOf } from './along-axis.js';
import { elementCost, nativeAs } from './effort.js';
import { checkAxis, fromStart, numericAt, rankAt } from './facts.js';
import { permutedAxes, reducedShape } from './reduction.js';
import { widened } from './views.js';

export interface ArgAttrs {
  /** 0…rank−1 */
  readonly axis: number;
  readonly keepdims: boolean;
  /** of equal elements the last one, not the first */
  readonly last: boolean;
}

const NATIVE = ['float32', 'int64', 'int32'] as const;
const asReduce = ({ axis, keepdims }: ArgAttrs) => ({ axes: [axis], keepdims });

/** `beats(a, b)`: a is preferred to b. The f32 kernel ignores NaN; its result is then unspecified. */
export function argReduction(
  name: string,
  kernel: string,
  beats: (a: number, b: number) => boolean,
): OpDef<ArgAttrs> {
  return defineOp<ArgAttrs>({
    name,
    infer(inputs, attrs) {
      const { shape } = numericAt(inputs, 0);
      checkAxis(attrs.axis, shape.length);
      return [{ type: { dtype: 'int64', shape: reducedShape<Dim>(shape, asReduce(attrs), 1) } }];
    },
    eval([t], attrs) {
      const x = toNumbers(t!);
      const shape = reducedShape(t!.shape, asReduce(attrs), 1);
      const y = new Float64Array(sizeOf(shape));
      let at = 0;
      eachLine(t!.shape, attrs.axis, (start, stride, length) => {
        let best = 0;
        for (let k = 1; k < length; k++) {
          const [a, b] = [x[start + k * stride]!, x[start + best * stride]!];
          if (beats(a, b) || (attrs.last && a === b)) best = k;
        }
        y[at++] = best;
      });
      return [fromNumbers('int64', shape, y)];
    },
    onnx: [
      {
        type: name,
        since: 1,
        read: (n) => ({
          axis: fromStart(n.int('axis', 0), rankAt(n, 0)),
          keepdims: n.int('keepdims', 1) !== 0,
          last: n.int('select_last_index', 0) !== 0,
        }),
      },
    ],
    permute({ attrs }, _from, perm) {
      const moved = permutedAxes(asReduce(attrs), perm);
      const axis = moved.attrs.axes[0]!;
      return { attrs: { ...attrs, axis }, inputs: [perm], outputs: [moved.output] };
    },
    cost: (node) => elementCost(node, 1),
    lowers: (node) => NATIVE.some((dtype) => nativeAs(node, dtype)),
    lower({ attrs: { axis, keepdims, last } }, l) {
      const x = l.rows(l.in(0));
      l.emit({
        kernel: `${kernel}.${shortOf(x.dtype)}`,
        params: { axis, last: last ? 1 : 0 },
        inputs: [x],
        outputs: [keepdims ? l.out() : widened(l.out(), axis, 1)],
        ...linesOf(x.shape, axis),
      });
    },
  });
}

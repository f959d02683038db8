/** ReverseSequence (ONNX): the first sequence_lens[b] elements of each batch entry backwards. */
import { defineOp, shapeError } from '../ir/op.js';
import { denseStrides, product } from '../tensor/shape.js';
import { grainFor } from './effort.js';
import { checkAxis, checkSize, tensorAt } from './facts.js';
import { indexAt } from './indices.js';
import { filled, intsOf, movable, room, walk, widthOf } from './moving.js';

export interface ReverseSequenceAttrs {
  readonly batchAxis: number;
  readonly timeAxis: number;
}

export const ReverseSequence = defineOp<ReverseSequenceAttrs>({
  name: 'ReverseSequence',
  infer(inputs, { batchAxis, timeAxis }) {
    const type = tensorAt(inputs, 0);
    const lengths = indexAt(inputs, 1);
    checkAxis(batchAxis, type.shape.length);
    checkAxis(timeAxis, type.shape.length);
    if (batchAxis === timeAxis || lengths.shape.length !== 1)
      shapeError('batch and time must be two axes');
    checkSize('sequence_lens', lengths.shape[0], type.shape[batchAxis]!);
    return [{ type }];
  },
  eval([x, lengths], { batchAxis, timeAxis }) {
    const list = intsOf(lengths);
    const dense = denseStrides(x!.shape) as number[];
    const data = room(x!, x!.data.length);
    const [step, size] = [dense[timeAxis]!, x!.shape[timeAxis]!];
    walk(x!.shape, dense, 0, (at) => {
      const batch = Math.floor(at / dense[batchAxis]!) % x!.shape[batchAxis]!;
      const time = Math.floor(at / step) % size;
      const length = Math.min(size, list[batch]!);
      data[at] = x!.data[time < length ? at + (length - 1 - 2 * time) * step : at];
    });
    return [filled(x!, x!.shape, data)];
  },
  moves: [0],
  onnx: [
    {
      type: 'ReverseSequence',
      since: 10,
      read: (n) => ({ batchAxis: n.int('batch_axis', 1), timeAxis: n.int('time_axis', 0) }),
    },
  ],
  lower({ attrs: { batchAxis, timeAxis } }, l) {
    const [x, out] = [l.in(0), l.out()];
    l.emit({
      kernel: `reverse_sequence.${widthOf(out)}`,
      params: { batch: batchAxis, time: timeAxis },
      inputs: [x, l.in(1)],
      outputs: [out],
      items: product(out.shape.slice(0, -1)),
      grain: grainFor(out.shape.at(-1)!),
    });
  },
  lowers: movable,
});

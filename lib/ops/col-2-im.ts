/**
 * Col2Im (ONNX): images [N, C, ...image] from the columns [N, C·block, positions] that a sliding block
 * takes of them; where blocks overlap they are summed.
 */
import { type OnnxNode, type OpDef, defineOp, shapeError } from '../ir/op.js';
import { apply } from '../ir/build.js';
import { fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { checkSize, numbersOf, numericAt } from './facts.js';
import { indices } from './images.js';

export interface Col2ImAttrs {
  readonly image: readonly number[];
  readonly block: readonly number[];
  readonly dilations: readonly number[];
  /** before each axis, then behind each */
  readonly pads: readonly number[];
  readonly strides: readonly number[];
}

/** Positions of the block along each axis. */
const positionsOf = ({ image, block, dilations, pads, strides }: Col2ImAttrs): number[] =>
  image.map((size, i) => {
    const room = size + pads[i]! + pads[i + image.length]! - (dilations[i]! * (block[i]! - 1) + 1);
    return Math.max(0, Math.floor(room / strides[i]!) + 1);
  });

function read(n: OnnxNode): Col2ImAttrs {
  const image = numbersOf(n, n.inputs[1]) ?? shapeError('the size of the image is missing');
  const block = numbersOf(n, n.inputs[2]) ?? shapeError('the size of the block is missing');
  const ones = image.map(() => 1);
  const attrs = {
    image,
    block,
    dilations: n.ints('dilations', ones),
    pads: n.ints('pads', [...ones, ...ones].fill(0)),
    strides: n.ints('strides', ones),
  };
  const lengths = [
    block.length,
    attrs.dilations.length,
    attrs.pads.length / 2,
    attrs.strides.length,
  ];
  if (lengths.some((l) => l !== image.length)) shapeError(`the image has ${image.length} axes`);
  if ([...block, ...attrs.dilations, ...attrs.strides].some((x) => x < 1))
    shapeError('block, dilations and strides must be at least 1');
  return attrs;
}

export const Col2Im: OpDef<Col2ImAttrs> = defineOp<Col2ImAttrs>({
  name: 'Col2Im',
  infer(inputs, attrs) {
    const { dtype, shape } = numericAt(inputs, 0);
    if (shape.length !== 3) shapeError(`the columns must have 3 axes, got ${shape.length}`);
    checkSize('the last axis of the columns', shape[2], sizeOf(positionsOf(attrs)));
    const [rows, each] = [shape[1], sizeOf(attrs.block)];
    if (typeof rows !== 'number' || rows % each !== 0)
      shapeError(`axis 1 of the columns is no multiple of ${each}`);
    return [{ type: { dtype, shape: [shape[0]!, rows / each, ...attrs.image] } }];
  },
  eval([x], attrs) {
    const { image, block, dilations, pads, strides } = attrs;
    const [batches, rows] = x!.shape as [number, number, number];
    const positions = positionsOf(attrs);
    const [each, area] = [sizeOf(block), sizeOf(image)];
    const images = batches * (rows / each);
    const values = toNumbers(x!);
    const out = new Float64Array(images * area);
    const places = Array.from(indices(positions), (at) => [...at]);
    const offsets = Array.from(indices(block), (at) => [...at]);
    let from = 0;
    for (let i = 0; i < images; i++)
      for (const offset of offsets)
        for (const place of places) {
          const value = values[from++]!;
          let at = 0;
          const inside = image.every((size, axis) => {
            const p =
              place[axis]! * strides[axis]! - pads[axis]! + offset[axis]! * dilations[axis]!;
            at = at * size + p;
            return p >= 0 && p < size;
          });
          if (inside) out[i * area + at]! += value;
        }
    return [fromNumbers(x!.dtype, [batches, rows / each, ...image], out)];
  },
  onnx: [{ type: 'Col2Im', since: 18, build: (n) => [apply(Col2Im, read(n), [n.inputs[0]!])] }],
});

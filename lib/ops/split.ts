/** Split (ONNX): consecutive parts of one axis. */
import { applyAll } from '../ir/build.js';
import { type Node, shapeOf } from '../ir/graph.js';
import { type OpDef, defineOp, shapeError } from '../ir/op.js';
import type { Operand } from '../ir/step.js';
import * as D from '../tensor/dim.js';
import type { Dim } from '../tensor/dim.js';
import { denseStrides } from '../tensor/shape.js';
import { checkAxis, fromStart, rankAt, tensorAt } from './facts.js';
import { copyTo, intsOf, movable, strided } from './moving.js';
import { freshSizes, inputOrInts, isKnown, knownAt } from './sizes.js';

export interface SplitAttrs {
  /** 0…rank−1 */
  readonly axis: number;
  /** number of parts: equal ones, the last maybe smaller, unless input 1 gives their sizes */
  readonly count: number;
}

function equalParts(size: Dim, count: number): Dim[] {
  const exact = D.exactDiv(size, count);
  if (exact !== null) return new Array<Dim>(count).fill(exact);
  const part = D.ceilDiv(size, count);
  return Array.from({ length: count }, (_, i) =>
    D.max(0, D.min(part, D.sub(size, D.mul(part, i)))),
  );
}

/** The operands of the parts: views of x. */
function partsOf(node: Node<SplitAttrs>, x: Operand): Operand[] {
  const { axis } = node.attrs;
  let start: Dim = 0;
  return node.outputs.map((v) => {
    const shape = shapeOf(v);
    const offset = D.add(x.offset, D.mul(start, x.strides[axis]!));
    start = D.add(start, shape[axis]!);
    return { ...x, shape, offset };
  });
}

export const Split: OpDef<SplitAttrs> = defineOp<SplitAttrs>({
  name: 'Split',
  infer(inputs, { axis, count }, ctx) {
    const { dtype, shape } = tensorAt(inputs, 0);
    checkAxis(axis, shape.length);
    const given = inputs[1]
      ? (knownAt(inputs, 1) ?? freshSizes(ctx, count, 'part'))
      : equalParts(shape[axis]!, count);
    const sum = given.reduce(D.add, 0);
    if (given.length !== count) shapeError(`${given.length} sizes for ${count} outputs`);
    if (typeof sum === 'number' && typeof shape[axis] === 'number' && sum !== shape[axis])
      shapeError(`parts of ${sum} in all, but axis ${axis} has ${shape[axis]}`);
    return given.map((d) => ({ type: { dtype, shape: shape.with(axis, d) } }));
  },
  eval([x, sizes], { axis, count }) {
    const strides = denseStrides(x!.shape) as number[];
    const parts = sizes ? intsOf(sizes) : (equalParts(x!.shape[axis]!, count) as number[]);
    let start = 0;
    return parts.map((d) => {
      const part = strided(x!, x!.shape.with(axis, d), strides, start * strides[axis]!);
      start += d;
      return part;
    });
  },
  moves: [0],
  onnx: [
    {
      type: 'Split',
      since: 1,
      build: (n) => {
        const axis = fromStart(n.int('axis', 0), rankAt(n, 0));
        const count = n.int('num_outputs', n.outputCount);
        const wanted = new Array<boolean>(count).fill(true);
        return applyAll(Split, { axis, count }, [n.inputs[0]!, inputOrInts(n, 1, 'split')], {
          wanted,
        });
      },
    },
  ],
  view: (node, source) => (isKnown(node, 1) ? partsOf(node, source) : null),
  permute: ({ attrs: { axis, count }, outputs }, from, perm) =>
    from === 0
      ? {
          attrs: { axis: perm[axis]!, count },
          inputs: [perm, null],
          outputs: outputs.map(() => perm),
        }
      : null,
  lower: (node, l) => partsOf(node, l.in(0)).forEach((part, i) => copyTo(l, part, l.out(i))),
  lowers: (node) => movable(node) && isKnown(node, 1),
});

/** Older forms of the ONNX operators: attributes that became inputs, other defaults. */
import assert from 'node:assert/strict';
import { literal } from '../ir/build.js';
import { evalGraph } from '../ir/eval.js';
import { type Value, input, shapeOf } from '../ir/graph.js';
import type { OnnxNode, OpDef } from '../ir/op.js';
import { applyAll } from '../ir/build.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import type { Dim } from '../tensor/dim.js';
import * as D from '../tensor/dim.js';
import { DepthToSpace } from './depth-to-space.js';
import { Expand } from './expand.js';
import { Dropout } from './dropout.js';
import { Pad } from './pad.js';
import { Range } from './range.js';
import { Reshape } from './reshape.js';
import { Resize } from './resize.js';
import { Slice } from './slice.js';
import { SpaceToDepth } from './space-to-depth.js';
import { Split } from './split.js';
import { Squeeze } from './squeeze.js';
import { TopK } from './top-k.js';
import { Transpose } from './transpose.js';
import { Unsqueeze } from './unsqueeze.js';

type Attrs = Record<string, unknown>;

/** What the importer would make of a node. */
function imported<A>(
  op: OpDef<A>,
  type: string,
  opset: number,
  inputs: readonly (Value | null)[],
  attrs: Attrs = {},
  outputCount = 1,
): readonly Value[] {
  const get = (name: string, fallback?: unknown): unknown => attrs[name] ?? fallback;
  const node = {
    name: 'node',
    type,
    opset,
    inputs,
    outputCount,
    has: (name: string) => name in attrs,
    int: get,
    float: get,
    string: get,
    ints: get,
    floats: get,
    tensor: get,
  } as unknown as OnnxNode;
  const entry = op
    .onnx!.filter((e) => e.type === type && e.since <= opset)
    .sort((a, b) => b.since - a.since)[0]!;
  return entry.build ? entry.build(node) : applyAll(op, entry.read!(node), inputs);
}
const x = (...shape: Dim[]): Value => input('x', { dtype: 'float32', shape });
const ints = (...values: number[]): Value => literal('int64', [values.length], values);
const shapes = (values: readonly Value[]): (readonly Dim[])[] => values.map(shapeOf);

describe('older operator versions', () => {
  it('take axes and sizes from attributes', () => {
    assert.deepEqual(shapes(imported(Squeeze, 'Squeeze', 7, [x(1, 3, 1)], { axes: [-1] })), [
      [1, 3],
    ]);
    assert.deepEqual(shapes(imported(Squeeze, 'Squeeze', 13, [x(1, 3, 1)])), [[3]]);
    assert.deepEqual(shapes(imported(Squeeze, 'Squeeze', 13, [x(1, 3, 1), ints(0)])), [[3, 1]]);
    assert.deepEqual(shapes(imported(Unsqueeze, 'Unsqueeze', 7, [x(3)], { axes: [2, 0] })), [
      [1, 3, 1],
    ]);
    assert.deepEqual(shapes(imported(Reshape, 'Reshape', 1, [x(3, 4)], { shape: [-1] })), [[12]]);
    const slice = { axes: [1], starts: [1], ends: [-1] };
    assert.deepEqual(shapes(imported(Slice, 'Slice', 1, [x(3, 4)], slice)), [[3, 2]]);
    assert.deepEqual(shapes(imported(Slice, 'Slice', 13, [x(3, 4), ints(1, 2), ints(3, 4)])), [
      [2, 2],
    ]);
    const split = { axis: 1, split: [1, 3] };
    assert.deepEqual(shapes(imported(Split, 'Split', 2, [x(3, 4)], split, 2)), [
      [3, 1],
      [3, 3],
    ]);
    const parts = { axis: -1, num_outputs: 3 };
    assert.deepEqual(shapes(imported(Split, 'Split', 18, [x(7)], parts, 3)), [[3], [3], [1]]);
    assert.deepEqual(shapes(imported(TopK, 'TopK', 1, [x(3, 4)], { k: 2 })), [
      [3, 2],
      [3, 2],
    ]);
    assert.deepEqual(shapes(imported(Pad, 'Pad', 2, [x(3, 4)], { pads: [0, 1, 0, 2] })), [[3, 7]]);
    const axes = [x(3, 4), ints(1, 2), null, ints(-1)];
    assert.deepEqual(shapes(imported(Pad, 'Pad', 18, axes)), [[3, 7]]);
    assert.deepEqual(shapes(imported(Transpose, 'Transpose', 1, [x(2, 3, 4)])), [[4, 3, 2]]);
  });
  it('make constants and masks by expanding', () => {
    const filled = imported(Expand, 'ConstantOfShape', 9, [ints(2, 3)], {
      value: fromNumbers('int64', [1], [7]),
    })[0]!;
    const got = evalGraph({ inputs: [], outputs: [filled], outputNames: ['y'] }, [])[0]!;
    assert.deepEqual([got.dtype, got.shape, got.data[5]], ['int64', [2, 3], 7n]);
    const v = x(2, 3);
    const [y, mask] = imported(Dropout, 'Dropout', 13, [v], {}, 2);
    assert.equal(y, v);
    assert.deepEqual(shapeOf(mask!), [2, 3]);
    const training = [x(2000), literal('float32', [], [0.25]), literal('bool', [], [1])];
    const [kept, which] = imported(Dropout, 'Dropout', 13, training, { seed: 3 }, 2);
    const inputs = [training[0]!];
    const graph = { inputs, outputs: [kept!, which!], outputNames: ['y', 'mask'] };
    const threes = fromNumbers('float32', [2000], new Array<number>(2000).fill(3));
    const [out, stay] = evalGraph(graph, [threes]).map(toNumbers) as [Float64Array, Float64Array];
    assert.ok(out.every((o, i) => o === (stay[i] ? 4 : 0)));
    assert.ok(Math.abs(stay.reduce((a, o) => a + o) / 2000 - 0.75) < 0.05);
  });
  it('compute ranges of constants', () => {
    const scalars = [1, 2, 0.25].map((v) => literal('float32', [], [v]));
    const v = imported(Range, 'Range', 11, scalars)[0]!;
    assert.deepEqual(shapeOf(v), [4]);
    assert.ok(v.weight);
  });
});

describe('images', () => {
  const run = (y: Value, v: Value): number[] => {
    const shape = shapeOf(v) as number[];
    const data = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i);
    const graph = { inputs: [v], outputs: [y], outputNames: ['y'] };
    return [...toNumbers(evalGraph(graph, [fromNumbers('float32', shape, data)])[0]!)];
  };
  it('are resized with channels last', () => {
    const v = x(1, 2, 2, 2);
    const scales = literal('float32', [4], [1, 1, 2, 1]);
    const y = imported(Resize, 'Resize', 13, [v, null, scales])[0]!;
    assert.deepEqual(shapeOf(y), [1, 2, 4, 2]);
    assert.equal(y.node!.op.name, 'Transpose');
    assert.deepEqual((y.node!.inputs[0]!.node!.attrs as { axes: number[] }).axes, [1]);
    assert.deepEqual(run(y, v), [0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7]);
    const up = imported(Resize, 'Upsample', 7, [v], { scales: [1, 1, 2, 1] })[0]!;
    assert.deepEqual(run(up, v), run(y, v));
  });
  it('take sizes, symbolic where batch and channels stay', () => {
    const n = D.symbolDim(D.newSymbol('n'));
    const v = x(n, 3, 4, 5);
    const sizes = imported(Resize, 'Resize', 11, [v, null, null, ints(9, 3, 8, 8)])[0]!;
    assert.equal(sizes.node!.op.name, 'Resize');
    const w = x(9, 3, 4, 5);
    const y = imported(Resize, 'Resize', 11, [w, null, null, ints(9, 3, 8, 8)])[0]!;
    assert.deepEqual([y.node!.op.name, shapeOf(y)], ['Transpose', [9, 3, 8, 8]]);
  });
  it('move between depth and space', () => {
    const v = x(1, 8, 1, 1);
    const attrs = { blocksize: 2, mode: 'DCR' };
    assert.deepEqual(
      run(imported(DepthToSpace, 'DepthToSpace', 13, [v], attrs)[0]!, v),
      [0, 2, 4, 6, 1, 3, 5, 7],
    );
    const crd = { blocksize: 2, mode: 'CRD' };
    assert.deepEqual(
      run(imported(DepthToSpace, 'DepthToSpace', 13, [v], crd)[0]!, v),
      [0, 1, 2, 3, 4, 5, 6, 7],
    );
    const w = x(1, 2, 2, 2);
    const deep = imported(SpaceToDepth, 'SpaceToDepth', 13, [w], { blocksize: 2 })[0]!;
    assert.deepEqual(run(deep, w), [0, 4, 1, 5, 2, 6, 3, 7]);
    assert.throws(() => imported(DepthToSpace, 'DepthToSpace', 13, [x(1, 6, 2, 2)], attrs), {
      code: 'HAIO_E_SHAPE',
    });
  });
});

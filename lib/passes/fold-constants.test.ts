import assert from 'node:assert/strict';
import { apply, applyAll, literal } from '../ir/build.js';
import { evalGraph } from '../ir/eval.js';
import { input } from '../ir/graph.js';
import { printGraph } from '../ir/print.js';
import { runPasses } from '../ir/pass.js';
import { Concat } from '../ops/concat.js';
import { Expand } from '../ops/expand.js';
import { ReduceSum } from '../ops/reduce-sum.js';
import { Reshape } from '../ops/reshape.js';
import { Shape } from '../ops/shape.js';
import { Slice } from '../ops/slice.js';
import { Split } from '../ops/split.js';
import { newSymbol, symbolDim } from '../tensor/dim.js';
import { toNumbers } from '../tensor/tensor.js';
import { tensorOf } from '../tensor/weight.js';
import { foldConstants } from './fold-constants.js';
import { graphOf, leaves, transpose, weight, x32 } from './support.test.js';

const ints = (...values: number[]) => literal('int64', [values.length], values);
const passes = [foldConstants];

describe('fold-constants', () => {
  it('turns moves of a constant into strides of the same bytes', () => {
    const w = weight(200, 300);
    const turned = apply(Slice, { axes: [0], steps: [2] }, [transpose(w, 1, 0), ints(1), ints(99)]);
    const g = leaves(passes, apply(Reshape, { allowzero: true }, [turned, ints(7, 7, 200)]), '');
    const folded = g.outputs[0]!.weight!;
    assert.equal(folded.bytes, w.weight!.bytes);
    assert.deepEqual([folded.offset, folded.strides], [1, [14, 2, 300]]);
    const [a, b] = applyAll(Split, { axis: 1, count: 2 }, [w, null], { wanted: [true, true] });
    leaves(passes, [a!, b!, apply(Expand, {}, [a!, ints(2, 200, 150)])], '');
  });

  it('computes small results and leaves large ones alone', () => {
    const w = weight(200, 300);
    const small = apply(ReduceSum, { axes: [0], keepdims: false }, [weight(20, 30)]);
    const large = apply(Concat, { axis: 0 }, [w, w]);
    leaves(passes, [small, large], 'Concat 1');
  });

  it('knows the integers that shapes give, symbolic ones too', () => {
    const n = symbolDim(newSymbol('n'));
    const x = input('x', { dtype: 'float32', shape: [n, 4, 5] });
    const shape = apply(Shape, { start: 0, end: 2 }, [x]);
    const y = apply(Reshape, { allowzero: true }, [
      x,
      apply(Concat, { axis: 0 }, [shape, ints(5, 1)]),
    ]);
    const g = runPasses(graphOf(y), passes, { verify: true });
    assert.equal(
      printGraph(g),
      [
        'input x: float32[n,4,5]',
        '%1 = SizeVector() {dtype: int64, shape: [4], dims: [n,4,5,1]}: int64[4]{n,4,5,1}',
        '%2 = Reshape(x, %1) {allowzero: true}: float32[n,4,5,1]',
        'output y0 = %2',
        '',
      ].join('\n'),
    );
    const fixed = x32(3, 4, 5);
    leaves(passes, apply(Shape, { start: 0, end: 3 }, [fixed]), '');
  });

  it('gives the same numbers as the graph', () => {
    const w = weight(3, 4);
    const g = graphOf(apply(Concat, { axis: 1 }, [transpose(w, 1, 0), transpose(w, 1, 0)]));
    const [expected] = evalGraph(g, []);
    const folded = runPasses(g, passes).outputs[0]!.weight!;
    assert.deepEqual(toNumbers(tensorOf(folded)), toNumbers(expected!));
  });
});

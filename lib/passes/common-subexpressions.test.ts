import assert from 'node:assert/strict';
import { apply, applyAll, literal } from '../ir/build.js';
import { Concat } from '../ops/concat.js';
import { MaxPool } from '../ops/max-pool.js';
import { Reshape } from '../ops/reshape.js';
import { Softmax } from '../ops/softmax.js';
import { Split } from '../ops/split.js';
import { commonSubexpressions } from './common-subexpressions.js';
import { deadCode } from './dead-code.js';
import { leaves, x32 } from './support.test.js';

const ints = (...values: number[]) => literal('int64', [values.length], values);

describe('common-subexpressions', () => {
  it('merges equal nodes on equal inputs, constants by content', () => {
    const x = x32(4, 6);
    const flat = () => apply(Reshape, { allowzero: true }, [x, ints(24)]);
    const soft = (axis: number) => apply(Softmax, { axis }, [x]);
    leaves(
      [commonSubexpressions],
      apply(Concat, { axis: 0 }, [flat(), flat(), flat()]),
      'Concat 1, Reshape 1',
    );
    leaves([commonSubexpressions], [soft(0), soft(0), soft(1)], 'Softmax 2');
    const other = apply(Reshape, { allowzero: false }, [x, ints(24)]);
    leaves(
      [commonSubexpressions],
      apply(Concat, { axis: 0 }, [flat(), other]),
      'Reshape 2, Concat 1',
    );
  });

  it('merges nodes with several outputs', () => {
    const x = x32(4, 6);
    const halves = () =>
      applyAll(Split, { axis: 0, count: 2 }, [x, null], { wanted: [true, true] });
    leaves([commonSubexpressions], [halves()[0]!, halves()[1]!], 'Split 1');
  });
});

describe('dead-code', () => {
  it('keeps outputs that a node cannot leave out', () => {
    const x = x32(4, 6);
    const [a] = applyAll(Split, { axis: 0, count: 2 }, [x, null], { wanted: [true, true] });
    const g = leaves([deadCode], a!, 'Split 1');
    assert.equal(g.outputs[0]!.node!.outputs.length, 2);
    const window = { kernel: [2], strides: [1], dilations: [1], pads: [[0, 0]] as const };
    const pool = applyAll(MaxPool, { ...window, ceil: false, indices: 'row' }, [x32(1, 4, 3)], {
      wanted: [true, true],
    });
    assert.equal(leaves([deadCode], pool[0]!, 'MaxPool 1').outputs[0]!.node!.outputs.length, 2);
  });
});

/** Sequences and optionals within a graph, types and positions. */
import assert from 'node:assert/strict';
import { apply, literal } from '../ir/build.js';
import { type Value, input, isTensorType, shapeOf } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import { itemsOf, sequenceOf } from '../tensor/sequence.js';
import { type Tensor, fromNumbers, toNumbers } from '../tensor/tensor.js';
import { ConcatFromSequence } from './concat-from-sequence.js';
import { OptionalGetElement } from './optional-get-element.js';
import { OptionalHasElement } from './optional-has-element.js';
import { Optional } from './optional.js';
import { SequenceAt } from './sequence-at.js';
import { SequenceConstruct } from './sequence-construct.js';
import { SequenceEmpty } from './sequence-empty.js';
import { SequenceErase } from './sequence-erase.js';
import { SequenceInsert } from './sequence-insert.js';
import { SplitToSequence } from './split-to-sequence.js';

const row = (...values: number[]): Tensor => fromNumbers('float32', [values.length], values);
const place = (i: number): Tensor => fromNumbers('int64', [], [i]);
const listed = (t: Tensor | undefined): number[][] => itemsOf(t).map((i) => [...toNumbers(i)]);
const abc = sequenceOf([row(1), row(2), row(3)]);

describe('sequences', () => {
  const x = input('x', { dtype: 'float32', shape: [2, 3] });
  const y = input('y', { dtype: 'float32', shape: [4, 3] });
  const at = literal('int64', [], [0]);

  it('keep the sizes that all items have', () => {
    const item = apply(SequenceAt, {}, [apply(SequenceConstruct, {}, [x, y]), at]);
    const [first, second] = shapeOf(item);
    assert.ok(D.isSym(first!));
    assert.equal(second, 3);
    const other = apply(SequenceAt, {}, [apply(SequenceConstruct, {}, [x, y]), at]);
    assert.notEqual(shapeOf(other)[0], first);
  });
  it('learn their rank from the first item', () => {
    const empty = apply(SequenceEmpty, { dtype: 'float32' }, []);
    assert.throws(() => apply(SequenceAt, {}, [empty, at]), /rank of the items is not known/);
    const one = apply(SequenceInsert, {}, [empty, x]);
    assert.deepEqual(shapeOf(apply(SequenceAt, {}, [one, at])), [2, 3]);
    const flat: Value = input('f', { dtype: 'float32', shape: [2] });
    const mixed = apply(SequenceInsert, {}, [one, flat]);
    assert.throws(() => apply(SequenceAt, {}, [mixed, at]), /rank of the items is not known/);
    assert.throws(() => apply(SequenceInsert, {}, [one, at]), /different types/);
  });
  it('are changed at positions from both ends', () => {
    const insert = (i: number): number[][] =>
      listed(SequenceInsert.eval!([abc, row(9), place(i)], {})[0]);
    assert.deepEqual(insert(3), [[1], [2], [3], [9]]);
    assert.deepEqual(insert(-3), [[9], [1], [2], [3]]);
    assert.throws(() => insert(4), /position 4/);
    assert.deepEqual(listed(SequenceErase.eval!([abc, place(-2)], {})[0]), [[1], [3]]);
    assert.deepEqual(listed(SequenceErase.eval!([abc, null], {})[0]), [[1], [2]]);
    assert.throws(() => SequenceAt.eval!([abc, place(3)], {}), /position 3/);
  });
  it('come from parts of a tensor and go back', () => {
    const whole = row(1, 2, 3, 4, 5);
    const attrs = { axis: 0, keepdims: false };
    assert.deepEqual(listed(SplitToSequence.eval!([whole, place(2)], attrs)[0]), [
      [1, 2],
      [3, 4],
      [5],
    ]);
    const [single] = SplitToSequence.eval!([whole, null], attrs);
    assert.deepEqual(itemsOf(single)[0]!.shape, []);
    const [back] = ConcatFromSequence.eval!([single!], { axis: -1, newAxis: true });
    assert.deepEqual([back!.shape, [...toNumbers(back!)]], [[5], [1, 2, 3, 4, 5]]);
    assert.throws(() => SplitToSequence.eval!([whole, row(2, 2)], attrs), /parts of \[2,2\]/);
  });
  it('give sizes that are known', () => {
    const parts = (...sizes: number[]) =>
      apply(SplitToSequence, { axis: 0, keepdims: true }, [
        y,
        literal('int64', [sizes.length], sizes),
      ]).fact.type;
    const item = (...sizes: number[]) => {
      const type = parts(...sizes);
      assert.ok('sequence' in type && isTensorType(type.sequence));
      return type.sequence.shape[0];
    };
    assert.equal(item(2, 2), 2);
    assert.ok(D.isSym(item(1, 3)!));
  });
});

describe('Optional', () => {
  it('holds a value or none', () => {
    const [some, none] = [Optional.eval!([row(7)], {})[0]!, Optional.eval!([null], {})[0]!];
    const has = (t: Tensor): unknown => OptionalHasElement.eval!([t], {})[0]!.data[0];
    assert.deepEqual([has(some), has(none)], [1, 0]);
    assert.deepEqual([...toNumbers(OptionalGetElement.eval!([some], {})[0]!)], [7]);
    assert.throws(() => OptionalGetElement.eval!([none], {}), /empty/);
  });
});

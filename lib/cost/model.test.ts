import assert from 'node:assert/strict';
import { COMMON, estimateMicros, movedBytes } from './model.js';

describe('cost: model', () => {
  it('takes the larger of arithmetic and traffic, and a share for each step', () => {
    const ceilings = { flops: 100, bytes: 10, step: 1 };
    assert.equal(estimateMicros(1000, 10, 0, ceilings), 10);
    assert.equal(estimateMicros(10, 1000, 0, ceilings), 100);
    assert.equal(estimateMicros(0, 0, 3, ceilings), 3);
    assert.ok(estimateMicros(2e6, 1e6, 1, COMMON) > estimateMicros(1e6, 5e5, 1, COMMON));
  });

  it('counts all operands, but of a table only what is looked up', () => {
    assert.equal(movedBytes('softmax.f32', [8, 16], [8]), 32);
    assert.equal(movedBytes('gather.b4', [1_000_000, 16], [64]), 64 + 16 + 64);
    assert.equal(movedBytes('gather.b4', [32, 16], [64]), 32 + 16 + 64);
  });
});

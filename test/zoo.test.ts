/** Small models of the zoo say what onnxruntime-node says (recorded by test/zoo/record.ts). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ZOO } from '../bench/zoo/index.js';
import { Tensor, load } from '../lib/index.js';
import { type Told, feedsOf, tell } from './zoo/feeds.js';

const recorded = JSON.parse(
  readFileSync(new URL('../../test/zoo/models.json', import.meta.url), 'utf8'),
) as Record<string, Told>;

describe('zoo', () => {
  it('has a recorded result for each model', () => {
    assert.deepEqual(Object.keys(recorded), Object.keys(ZOO));
  });

  for (const [name, model] of Object.entries(ZOO))
    it(name, async () => {
      const session = await load(model.small());
      const make = (type: string, data: unknown, dims: readonly number[]): Tensor =>
        new Tensor(type as 'float32', data as Float32Array, dims);
      const outputs = await session.run(feedsOf(session.inputs, make));
      const [got, want] = [tell(outputs[session.outputs[0]!.name]!), recorded[name]!];
      assert.deepEqual(got.dims, want.dims);
      const largest = Math.max(...want.elements.map(Math.abs));
      want.elements.forEach((x, i) => {
        assert.ok(Math.abs(x - got.elements[i]!) <= 1e-5 * largest, `element ${i}`);
      });
      await session.release();
    });
});

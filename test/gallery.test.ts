/** The small models by the reference interpreter, against recorded results (scripts/expect-gallery.mjs). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { topological } from '../lib/ir/graph.js';
import { type DType } from '../lib/tensor/dtype.js';
import { type Tensor, fromNumbers, tensor } from '../lib/tensor/tensor.js';
import { GALLERY } from './models/gallery.js';
import { differs } from './onnx-data.js';
import { importFor, runReference } from './reference.js';

interface Recorded {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly number[] | readonly string[];
}
const recorded = JSON.parse(
  readFileSync(new URL('../../test/models/gallery.json', import.meta.url), 'utf8'),
) as Record<string, Record<string, Recorded>>;

const tensorOf = ({ dtype, shape, data }: Recorded): Tensor =>
  dtype === 'string'
    ? tensor(dtype, shape, data as readonly string[])
    : fromNumbers(dtype, shape, data as readonly number[]);

describe('gallery', () => {
  for (const [name, make] of Object.entries(GALLERY))
    it(name, () => {
      const { bytes, inputs } = make();
      const results = runReference(bytes, inputs);
      assert.deepEqual(Object.keys(results), Object.keys(recorded[name]!));
      for (const [output, expected] of Object.entries(recorded[name]!)) {
        const tolerance = { relative: 1e-4, absolute: 1e-5 };
        assert.equal(differs(results[output], tensorOf(expected), tolerance), null, output);
      }
    });

  it('keeps an If on data, and decides the one on a small input', () => {
    const { bytes, inputs } = GALLERY['branches']!();
    const { graph, pins } = importFor(bytes, inputs);
    assert.deepEqual(Object.keys(pins.values ?? {}), ['rate']);
    assert.equal(topological(graph.outputs).filter((n) => n.op.name === 'If').length, 1);
  });

  it('leaves batch and sequence of a transformer open', () => {
    const { bytes, inputs } = GALLERY['bert']!();
    assert.deepEqual(importFor(bytes, inputs).pins, { sizes: {}, values: {}, shapes: {} });
  });
});

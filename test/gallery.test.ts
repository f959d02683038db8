/** The small models by the reference interpreter, against recorded results (scripts/expect-gallery.mjs). */
import assert from 'node:assert/strict';
import { topological } from '../lib/ir/graph.js';
import { GALLERY } from './models/gallery.js';
import { differs } from './onnx-data.js';
import { expectedOf } from './recorded.js';
import { importFor, runReference } from './reference.js';

describe('gallery', () => {
  for (const [name, make] of Object.entries(GALLERY))
    it(name, () => {
      const { bytes, inputs } = make();
      const results = runReference(bytes, inputs);
      const wanted = expectedOf(name);
      assert.deepEqual(Object.keys(results), Object.keys(wanted));
      for (const [output, expected] of Object.entries(wanted)) {
        const tolerance = { relative: 1e-4, absolute: 1e-5 };
        assert.equal(differs(results[output], expected, tolerance), null, output);
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

/** What users of the package import: the bundle of scripts/bundle.mjs, with V8's code cache. */
import assert from 'node:assert/strict';
import type { Script } from 'node:vm';
import * as sources from '../lib/index.js';
import { GALLERY } from './models/gallery.js';
import { differs } from './onnx-data.js';
import { expectedOf } from './recorded.js';

const name: string = 'haio';
const bundled = (await import(name)) as typeof sources;

describe('package', () => {
  it('has all exports of the sources, and is not the sources', () => {
    assert.deepEqual(Object.keys(bundled).sort(), Object.keys(sources).sort());
    assert.notEqual(bundled.load, sources.load);
  });
  it('runs its code from the cache', async () => {
    const url = new URL('../lib/runtime/bundle.js', import.meta.url).href;
    const { script } = (await import(url)) as { readonly script: Script };
    assert.equal(script.cachedDataRejected, false);
  });
  it('compiles and runs a model', async () => {
    const { bytes, inputs } = GALLERY['mlp']!();
    const session = await bundled.load(bytes);
    const feeds = Object.entries(inputs).map(([input, t]) => [
      input,
      new bundled.Tensor(t.dtype, t.data, t.shape),
    ]);
    const results: sources.Outputs = await session.run(Object.fromEntries(feeds) as sources.Feeds);
    for (const [output, expected] of Object.entries(expectedOf('mlp'))) {
      const { type, data, dims } = results[output]!;
      const got = { dtype: type, data, shape: dims };
      assert.equal(differs(got as typeof expected, expected, { relative: 1e-4 }), null);
    }
    await session.release();
  });
  it('raises its own errors', async () => {
    await assert.rejects(bundled.load('/absent.onnx'), bundled.HaioError);
  });
});

// Transformers.js and onnxruntime-node as CommonJS and ES modules: node require.cjs <folder of models>
'use strict';
const assert = require('node:assert/strict');
const { env, pipeline } = require('@huggingface/transformers');
const ort = require('onnxruntime-node');

async function main() {
  assert.equal(ort.listSupportedBackends()[0].name, 'cpu');
  assert.equal(require('onnxruntime-node/package.json').name, 'haio-onnxruntime-node');
  const { InferenceSession, Tensor, env: settings } = await import('onnxruntime-node');
  assert.equal(InferenceSession, ort.InferenceSession);
  assert.equal(Tensor, require('onnxruntime-common').Tensor);
  assert.match(settings.versions.node, /^\d+\.\d+\.\d+$/);
  env.allowRemoteModels = false;
  env.localModelPath = process.argv[2];
  const extract = await pipeline('feature-extraction', 'minilm', { dtype: 'fp32' });
  const { dims } = await extract('hello', { pooling: 'mean', normalize: true });
  assert.deepEqual(dims, [1, 384]);
  await extract.dispose();
  console.log('required');
}
main();

// Sentence embeddings by Transformers.js from local files, no network:
//   node extract.mjs <folder of models> [execution providers as JSON]
// Fails unless haio ran them and the numbers are those of onnxruntime-node. Prints nothing else.
import assert from 'node:assert/strict';
import { AutoModel, AutoTokenizer, env, pipeline } from '@huggingface/transformers';
import { backend } from 'haio/ort';

const [folder, providers] = process.argv.slice(2);
env.allowRemoteModels = false;
env.localModelPath = folder;

let sessions = 0;
const { createInferenceSessionHandler: create } = backend;
backend.createInferenceSessionHandler = (...args) => {
  sessions++;
  return create.apply(backend, args);
};

const options = {
  dtype: 'fp32',
  ...(providers ? { session_options: { executionProviders: JSON.parse(providers) } } : {}),
};
const extract = await pipeline('feature-extraction', 'minilm', options);
const texts = ['A man is eating food.', 'A man is eating a piece of bread.'];
const { data, dims } = await extract(texts, { pooling: 'mean', normalize: true });
assert.deepEqual(dims, [2, 384]);
const cosine = data.subarray(0, 384).reduce((sum, x, i) => sum + x * data[384 + i], 0);
// recorded from onnxruntime-node 1.30.0
assert.ok(Math.abs(cosine - 0.755318) < 1e-5, `cosine ${cosine}`);

const tokenizer = await AutoTokenizer.from_pretrained('minilm');
const model = await AutoModel.from_pretrained('minilm', options);
const many = await Promise.all(texts.map(async (text) => model(await tokenizer(text))));
assert.deepEqual(
  many.map((m) => m.last_hidden_state.dims),
  [
    [1, 8, 384],
    [1, 11, 384],
  ],
);
assert.equal(model.sessions.model.config.device, 'cpu');
await model.dispose();
await extract.dispose();
assert.equal(sessions, 2, 'haio made every session');
console.log(`cosine ${cosine.toFixed(6)}`);

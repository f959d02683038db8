/** A real sentence model through the importer and the reference interpreter. */
import assert from 'node:assert/strict';
import { evalGraph } from '../lib/ir/eval.js';
import { shapeOf } from '../lib/ir/graph.js';
import { importModel } from '../lib/onnx/import.js';
import { formatShape } from '../lib/tensor/shape.js';
import {
  cosine,
  embeddingsOf,
  encodeSentences,
  minilmModel,
  minilmTokenizer,
} from './models/minilm.js';

describe('all-MiniLM-L6-v2', () => {
  const tokenize = minilmTokenizer();

  it('splits words into pieces', () => {
    assert.deepEqual(
      tokenize('A man is eating food.'),
      [101, 1037, 2158, 2003, 5983, 2833, 1012, 102],
    );
    assert.deepEqual(tokenize('Café, ⌘!'), [101, 7668, 1010, 100, 999, 102]);
  });

  it('embeds sentences as the reference says', () => {
    const { graph, opset } = importModel(minilmModel());
    assert.equal(opset, 14);
    assert.equal(formatShape(shapeOf(graph.outputs[0]!)), '[batch,sequence,384]');
    const x = encodeSentences(tokenize, [
      'A man is eating food.',
      'A man is eating a piece of bread.',
    ]);
    const [hidden] = evalGraph(
      graph,
      graph.inputs.map((v) => x[v.name as keyof typeof x]),
    );
    const [a, b] = embeddingsOf(hidden!, x.attention_mask);
    // recorded from onnxruntime-node 1.30.0
    assert.ok(Math.abs(cosine(a!, b!) - 0.755318) < 1e-5);
  });
});

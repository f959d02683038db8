import assert from 'node:assert/strict';
import { HaioError } from '../errors.js';
import { apply, literal } from '../ir/build.js';
import { evalGraph } from '../ir/eval.js';
import { type Graph, input, shapeOf } from '../ir/graph.js';
import { Transpose } from '../ops/transpose.js';
import * as D from '../tensor/dim.js';
import { fromNumbers, toNumbers } from '../tensor/tensor.js';
import { type Weight, tensorOf, weightOf } from '../tensor/weight.js';
import { type AttrReader, type AttrWriter, readAttrs, tensorAt, writeAttrs } from './attrs.js';

/** A writer into a list and the reader of it, with a JSON text between them. */
function channel(): { send(x: unknown): unknown; writer: AttrWriter; reader: AttrReader } {
  const dims: D.Dim[] = [];
  let stored = new Uint8Array();
  const writer: AttrWriter = {
    row: (d) => dims.push(d) - 1,
    store(w) {
      const data = tensorOf(w).data as Uint8Array;
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      const at = stored.length;
      stored = Uint8Array.from([...stored, ...bytes]);
      return at;
    },
  };
  const bad = (): never => {
    throw new HaioError('HAIO_E_PLAN', { reason: 'test' });
  };
  const reader: AttrReader = {
    op: (name) => (name === 'Transpose' ? Transpose : bad()),
    dim: (row) => dims[row] ?? bad(),
    tensor: (dtype, shape, at) =>
      tensorAt(
        (from, n) => (from + n <= stored.length ? stored.slice(from, from + n) : null),
        dtype,
        shape,
        at,
      ) ?? bad(),
  };
  const send = (x: unknown): unknown =>
    readAttrs(JSON.parse(JSON.stringify(writeAttrs(x, writer))) as never, reader);
  return { send, writer, reader };
}

describe('plan: attributes', () => {
  it('keeps plain data, and what JSON has no word for', () => {
    const attrs = {
      text: 'a',
      list: [1, -0, NaN, -Infinity, 2.5, null, true],
      big: 2n ** 70n,
      nested: { op: Transpose, gap: [undefined] },
      table: Float32Array.of(1, 2.5),
      size: D.add(D.symbolDim(D.newSymbol('n')), 1),
    };
    assert.deepEqual(channel().send(attrs), attrs);
    assert.ok(Object.is((channel().send({ x: -0 }) as { x: number }).x, -0));
  });

  it('keeps weights (dense) and strings', () => {
    const dense = weightOf(fromNumbers('float32', [2, 3], [1, 2, 3, 4, 5, 6]));
    const turned: Weight = { ...dense, shape: [3, 2], strides: [1, 3] };
    const back = channel().send({ w: turned }) as { w: Weight };
    assert.deepEqual([...toNumbers(tensorOf(back.w))], [1, 4, 2, 5, 3, 6]);
    const words = weightOf({ dtype: 'string', shape: [2], data: ['a', 'b'] });
    assert.deepEqual((channel().send({ words }) as { words: Weight }).words.strings, ['a', 'b']);
  });

  it('keeps graphs', () => {
    const n = D.symbolDim(D.newSymbol('n'));
    const x = input('x', { dtype: 'float32', shape: [n, 2] });
    const w = literal('float32', [1, 2], [7, 8], 'w');
    const turned = [x, w].map((v) => apply(Transpose, { perm: [1, 0] }, [v], { origin: ['t'] }));
    const graph: Graph = { inputs: [x], outputs: [...turned, x], outputNames: ['a', 'b', 'c'] };
    const { body } = channel().send({ body: graph }) as { body: Graph };
    assert.deepEqual(body.outputNames, graph.outputNames);
    assert.deepEqual(shapeOf(body.outputs[0]!), [2, n]);
    assert.deepEqual(body.outputs[0]!.node!.origin, ['t']);
    const feed = fromNumbers('float32', [3, 2], [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(evalGraph(body, [feed]), evalGraph(graph, [feed]));
  });

  it('refuses what is no attribute', () => {
    const { reader } = channel();
    const hostile = [
      { $code: 'x' },
      { $op: 'Exec' },
      { $op: 'constructor' },
      { $weight: ['float32', [1e9, 1e9, 1e9], 0] },
      { $weight: ['float32', [-1], 0] },
      { $weight: ['toString', [1], 0] },
      { $array: ['float32', 1, -8] },
      { $bigint: 'x' },
      { $dim: 1.5 },
      { $graph: { inputs: [], constants: [], nodes: [], outputs: [0], names: ['y'] } },
      { $graph: [] },
    ];
    for (const json of hostile)
      assert.throws(() => readAttrs(json, reader), HaioError, JSON.stringify(json));
    const deep = JSON.parse('['.repeat(1000) + ']'.repeat(1000)) as never;
    assert.throws(() => readAttrs(deep, reader), HaioError);
    const proto = readAttrs(JSON.parse('{"__proto__":{"x":1}}') as never, reader);
    assert.equal(({} as { x?: number }).x, undefined);
    assert.equal(Object.getPrototypeOf(proto), Object.prototype);
  });
});

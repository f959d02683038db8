import assert from 'node:assert/strict';
import { decode, encode, packFloats } from './schema.js';

describe('schema', () => {
  it('keeps raw data as a view of the file', () => {
    const bytes = encode('TensorProto', {
      name: 'w',
      dims: [2],
      data_type: 1,
      raw_data: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]),
    });
    const t = decode('TensorProto', bytes);
    assert.deepEqual([...t.raw_data], [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.equal(t.raw_data.buffer, bytes.buffer);
    bytes.fill(9, t.raw_data.byteOffset - bytes.byteOffset);
    assert.equal(t.raw_data[0], 9);
  });

  it('keeps packed floats as a view, too', () => {
    const bytes = encode('TensorProto', { float_data: [1.5, -2], double_data: [0.1] });
    const t = decode('TensorProto', bytes);
    const [chunk] = t.float_data;
    assert.ok(chunk instanceof Uint8Array && chunk.buffer === bytes.buffer);
    assert.deepEqual(new Float32Array(packFloats(t.float_data, 4).slice().buffer)[1], -2);
    assert.deepEqual(new Float64Array(packFloats(t.double_data, 8).slice().buffer)[0], 0.1);
  });

  it('reads floats and integers that are not packed', () => {
    // field 4 (fixed32) twice, field 7 (varint) twice
    const bytes = Uint8Array.of(0x25, 0, 0, 0x80, 0x3f, 0x25, 0, 0, 0, 0x40, 0x38, 3, 0x38, 4);
    const t = decode('TensorProto', bytes);
    assert.deepEqual(t.float_data, [1, 2]);
    assert.deepEqual(t.int64_data, [3, 4]);
  });

  it('keeps 64-bit integers exactly', () => {
    const values = [
      0,
      -1,
      2 ** 53 - 1,
      -(2 ** 53 - 1),
      9223372036854775807n,
      -9223372036854775808n,
    ];
    const t = decode(
      'TensorProto',
      encode('TensorProto', { int64_data: values, uint64_data: [2n ** 64n - 1n, 7] }),
    );
    assert.deepEqual(t.int64_data, values);
    assert.deepEqual(t.uint64_data, [2n ** 64n - 1n, 7]);
  });

  it('gives defaults for what is absent', () => {
    const m = decode('ModelProto', encode('ModelProto', { graph: { node: [{}] } }));
    assert.equal(m.ir_version, 0);
    assert.equal(m.graph?.node[0]?.op_type, '');
    assert.deepEqual(m.graph.node[0].attribute, []);
    assert.equal(decode('ModelProto', new Uint8Array()).graph, null);
  });

  it('skips unknown fields', () => {
    // field 99: a varint, 98: 3 bytes, 97: a group with a varint inside, then dims = 5
    const tag = (field: number, wire: number): number[] => {
      const t = field * 8 + wire;
      return t < 128 ? [t] : [(t & 127) | 128, t >> 7];
    };
    const bytes = Uint8Array.from(
      [
        tag(99, 0),
        1,
        tag(98, 2),
        3,
        0,
        0,
        0,
        tag(97, 3),
        tag(1, 0),
        1,
        tag(97, 4),
        tag(1, 0),
        5,
      ].flat(),
    );
    assert.deepEqual(decode('TensorProto', bytes).dims, [5]);
  });

  it('refuses files that end inside a field, and nesting without end', () => {
    const whole = encode('TensorProto', { name: 'w', raw_data: new Uint8Array(100) });
    for (let cut = 1; cut < whole.length; cut += 7)
      if (cut !== 3) assert.throws(() => decode('TensorProto', whole.subarray(0, cut)), Error);
    let nested = new Uint8Array();
    for (let i = 0; i < 300; i++) {
      // graph of an attribute of a node of a graph …
      const around = [0x32, 0x2a, 0x0a][i % 3]!;
      nested = Uint8Array.from([around, ...length(nested.length), ...nested]);
    }
    assert.throws(() =>
      decode('ModelProto', Uint8Array.from([0x3a, ...length(nested.length), ...nested])),
    );
  });

  it('refuses integers of more than ten bytes', () => {
    const bytes = Uint8Array.from([0x08, ...new Array<number>(11).fill(0xff), 1]);
    assert.throws(() => decode('TensorProto', bytes), /10 bytes/);
  });
});

const length = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...length(n >> 7)]);

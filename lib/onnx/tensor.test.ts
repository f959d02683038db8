import assert from 'node:assert/strict';
import { tensorOf } from '../tensor/weight.js';
import { tensor, toNumbers } from '../tensor/tensor.js';
import type { Plain, SparseTensorProto, TensorProto } from './messages.js';
import { decode, encode } from './schema.js';
import {
  type ExternalData,
  floatsOf,
  protoOfTensor,
  weightOfProto,
  weightOfSparse,
} from './tensor.js';

const proto = (t: Plain<TensorProto>): TensorProto =>
  decode('TensorProto', encode('TensorProto', t));
const numbers = (t: Plain<TensorProto>, external?: ExternalData): number[] => [
  ...toNumbers(tensorOf(weightOfProto(proto(t), external))),
];
const refuses = (t: Plain<TensorProto>, reason: RegExp, external?: ExternalData): void => {
  assert.throws(
    () => weightOfProto(proto({ name: 'w', ...t }), external),
    (e: unknown) => {
      assert.match((e as Error).message, reason);
      assert.equal((e as { code: string }).code, 'HAIO_E_MODEL');
      return true;
    },
  );
};

describe('tensors of a model', () => {
  it('views raw data, at any alignment', () => {
    const t = proto({ name: 'wx', dims: [2], data_type: 1, raw_data: rawFloats([1, 2]) });
    const w = weightOfProto(t);
    assert.equal(w.bytes.buffer, t.raw_data.buffer);
    assert.deepEqual([...toNumbers(tensorOf(w))], [1, 2]);
  });

  it('converts the typed fields', () => {
    assert.deepEqual(numbers({ dims: [2], data_type: 1, float_data: [0.5, -1] }), [0.5, -1]);
    assert.deepEqual(numbers({ dims: [2], data_type: 11, double_data: [0.1, 3] }), [0.1, 3]);
    assert.deepEqual(numbers({ dims: [2], data_type: 6, int32_data: [-5, 7] }), [-5, 7]);
    assert.deepEqual(numbers({ dims: [2], data_type: 3, int32_data: [-128, 127] }), [-128, 127]);
    assert.deepEqual(numbers({ dims: [2], data_type: 2, int32_data: [0, 255] }), [0, 255]);
    assert.deepEqual(numbers({ dims: [3], data_type: 9, int32_data: [0, 1, 2] }), [0, 1, 1]);
    assert.deepEqual(numbers({ dims: [1], data_type: 10, int32_data: [0x3c00] }), [1]);
    assert.deepEqual(numbers({ dims: [1], data_type: 16, int32_data: [0x4000] }), [2]);
    assert.deepEqual(
      numbers({ dims: [1], data_type: 12, uint64_data: [4294967295] }),
      [4294967295],
    );
    const wide = weightOfProto(proto({ dims: [1], data_type: 7, int64_data: [2n ** 62n + 1n] }));
    assert.deepEqual([...(tensorOf(wide).data as BigInt64Array)], [2n ** 62n + 1n]);
    const unsigned = weightOfProto(
      proto({ dims: [1], data_type: 13, uint64_data: [2n ** 63n + 1n] }),
    );
    assert.deepEqual([...(tensorOf(unsigned).data as BigUint64Array)], [2n ** 63n + 1n]);
    const strings = weightOfProto(
      proto({ dims: [2], data_type: 8, string_data: [Buffer.from('häio'), Buffer.from('')] }),
    );
    assert.deepEqual(strings.strings, ['häio', '']);
  });

  it('widens integers of less than a byte', () => {
    assert.deepEqual(
      numbers({ dims: [3], data_type: 22, raw_data: Uint8Array.of(0xf1, 0x08) }),
      [1, -1, -8],
    );
    assert.deepEqual(numbers({ dims: [3], data_type: 21, int32_data: [0xf1, 0x08] }), [1, 15, 8]);
    assert.deepEqual(
      numbers({ dims: [4], data_type: 26, raw_data: Uint8Array.of(0b11100100) }),
      [0, 1, -2, -1],
    );
  });

  it('takes scalars and tensors without elements', () => {
    assert.deepEqual(numbers({ data_type: 1, float_data: [3] }), [3]);
    assert.deepEqual(numbers({ dims: [0, 4], data_type: 1 }), []);
    assert.deepEqual(numbers({ dims: [0], data_type: 7 }), []);
  });

  it('refuses sizes that do not agree, before it allocates', () => {
    refuses({ dims: [3], data_type: 1, raw_data: new Uint8Array(8) }, /8 bytes, expected 12/);
    refuses({ dims: [2], data_type: 1, raw_data: new Uint8Array(12) }, /12 bytes, expected 8/);
    refuses(
      { dims: [2 ** 40], data_type: 6, int32_data: [1] },
      /1 elements, expected 1099511627776/,
    );
    refuses({ dims: [2 ** 30, 2 ** 30], data_type: 1 }, /has sizes/);
    refuses({ dims: [-1], data_type: 1 }, /has sizes \[-1\]/);
    refuses({ dims: [2n ** 62n], data_type: 1 }, /has sizes/);
    refuses({ dims: [2], data_type: 8, string_data: [] }, /0 strings/);
    refuses({ dims: [1], data_type: 1, float_data: [1, 2] }, /8 bytes, expected 4/);
    refuses({ dims: [1], data_type: 14, float_data: [1, 2] }, /complex64 is not supported/);
    refuses({ dims: [1], data_type: 99 }, /element type 99 is not supported/);
    refuses({ dims: [1], data_type: 1, segment: {} }, /segments/);
  });

  it('reads external data within the folder of the model only', () => {
    const file = Uint8Array.from([0, 0, 0, 0, ...rawFloats([4, 5])]);
    const entry = (entries: Record<string, string>): Plain<TensorProto> => ({
      name: 'w',
      dims: [2],
      data_type: 1,
      data_location: 1,
      external_data: Object.entries(entries).map(([key, value]) => ({ key, value })),
    });
    const external: ExternalData = (location) => {
      assert.equal(location, 'sub/w.bin');
      return file;
    };
    const good = { location: 'sub/w.bin', offset: '4', length: '8' };
    assert.deepEqual(numbers(entry(good), external), [4, 5]);
    const w = weightOfProto(proto(entry({ location: 'sub/w.bin', offset: '4' })), external);
    assert.equal(w.bytes.buffer, file.buffer);
    for (const location of [
      '',
      '/etc/passwd',
      '../w',
      'a/../../w',
      'c:\\w',
      '\\w',
      'a\\..\\w',
      'a\0',
    ])
      refuses(entry({ location }), /not inside the model's folder/, external);
    refuses(entry({ ...good, offset: '8' }), /bytes 8 to 16/, external);
    refuses(entry({ ...good, offset: '-4' }), /offset/, external);
    refuses(entry({ ...good, offset: '1e30' }), /offset/, external);
    refuses(entry({ ...good, length: '4' }), /4 bytes, expected 8/, external);
    refuses(entry(good), /was not given/);
  });

  it('makes sparse tensors dense', () => {
    const sparse = (s: Plain<SparseTensorProto>): number[] => [
      ...toNumbers(tensorOf(weightOfSparse(fill(s)))),
    ];
    const values = { name: 's', dims: [2], data_type: 1, float_data: [7, 8] };
    const flat = { dims: [2], data_type: 7, int64_data: [1, 5] };
    const pairs = { dims: [2, 2], data_type: 7, int64_data: [0, 1, 1, 2] };
    assert.deepEqual(sparse({ values, indices: flat, dims: [2, 3] }), [0, 7, 0, 0, 0, 8]);
    assert.deepEqual(sparse({ values, indices: pairs, dims: [2, 3] }), [0, 7, 0, 0, 0, 8]);
    assert.throws(() => sparse({ values, indices: flat, dims: [2, 2] }), /index 5/);
    assert.throws(
      () => sparse({ values, indices: flat, dims: [2 ** 20, 2 ** 20] }),
      /exceeds the limit/,
    );
  });

  it('writes what it reads', () => {
    const t = tensor('float16', [3], Uint16Array.of(1, 2, 3));
    assert.deepEqual(tensorOf(weightOfProto(proto(protoOfTensor('h', t)))), t);
    const s = tensor('string', [1], ['ä']);
    assert.deepEqual(tensorOf(weightOfProto(proto(protoOfTensor('s', s)))).data, ['ä']);
    assert.deepEqual(floatsOf([1, rawFloats([2, 3]), 4]), [1, 2, 3, 4]);
    assert.throws(() => floatsOf([new Uint8Array(3)]), /inside an element/);
  });
});

const rawFloats = (x: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(x).buffer);
const fill = (s: Plain<SparseTensorProto>): SparseTensorProto => ({
  values: proto(s.values!),
  indices: proto(s.indices!),
  dims: s.dims!,
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { HaioError } from '../errors.js';
import { type DType, DTYPE_NAMES, storageOf } from '../tensor/dtype.js';
import { type Tensor, bytesOfTensor, fromNumbers, sizeOf, tensor } from '../tensor/tensor.js';
import { readNpy, writeNpy } from './npy.js';

/** A file as NumPy writes it, from the text of its header and its elements. */
function file(header: string, body: readonly number[], version = 1): Uint8Array {
  const text = Buffer.from(`${header}\n`, 'latin1');
  const head = Buffer.alloc(version === 1 ? 10 : 12);
  head.write('\x93NUMPY', 'latin1');
  head[6] = version;
  if (version === 1) head.writeUInt16LE(text.length, 8);
  else head.writeUInt32LE(text.length, 8);
  return Buffer.concat([head, text, Buffer.from(body)]);
}
const headerOf = (descr: string, shape: string, fortran = 'False'): string =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

describe('npy', () => {
  it('reads back what it writes', () => {
    const dtypes = DTYPE_NAMES.filter(
      (d): d is DType => !['bfloat16', 'string'].includes(d) && storageOf(d) === d,
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...dtypes),
        fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }),
        fc.integer(),
        (dtype, shape, seed) => {
          const values = Array.from({ length: sizeOf(shape) }, (_, i) => (seed + 7 * i) % 2);
          const t = fromNumbers(dtype, shape, values);
          const back = readNpy(writeNpy(t), 'x');
          assert.deepEqual([back.dtype, back.shape], [dtype, shape]);
          assert.deepEqual(bytesOfTensor(back), bytesOfTensor(t));
        },
      ),
    );
  });

  it('writes a header of whole lines that ends with a new line', () => {
    const bytes = Buffer.from(writeNpy(fromNumbers('int16', [3], [1, 2, 3])));
    assert.equal(bytes.length, 64 * 2 + 6);
    assert.equal(bytes.readUInt16LE(8), 118);
    assert.match(
      bytes.toString('latin1', 10, 128),
      /^\{'descr': '<i2', 'fortran_order': False, 'shape': \(3,\), \} *\n$/,
    );
  });

  it('keeps text, and bfloat16 as float32', () => {
    const text = tensor('string', [2, 2], ['a', '', 'Ärger', '\u{1f600}!']);
    assert.deepEqual(readNpy(writeNpy(text), 'x'), text);
    const half = readNpy(writeNpy(fromNumbers('bfloat16', [2], [1.5, -2])), 'x');
    assert.deepEqual(half, tensor('float32', [2], Float32Array.of(1.5, -2)));
  });

  it('reads other byte orders, column-major arrays and later versions', () => {
    const read = (bytes: Uint8Array): Tensor => readNpy(bytes, 'x');
    const big = read(file(headerOf('>i2', '(2,)'), [1, 2, 0, 3]));
    assert.deepEqual([...big.data], [0x102, 3]);
    const turned = read(file(headerOf('|u1', '(2, 3)', 'True'), [1, 2, 3, 4, 5, 6]));
    assert.deepEqual([...turned.data], [1, 3, 5, 2, 4, 6]);
    for (const version of [2, 3])
      assert.deepEqual([...read(file(headerOf('|b1', '()'), [1], version)).data], [1]);
    const shuffled = "{ 'shape': (1,), 'descr': '|i1', 'fortran_order': False}";
    assert.deepEqual([...read(file(shuffled, [255])).data], [-1]);
  });

  it('refuses everything else', () => {
    const good = file(headerOf('<f4', '(1,)'), [0, 0, 0, 0]);
    const huge = Buffer.from(file(headerOf('<f4', '(1,)'), [], 2));
    huge.writeUInt32LE(2 ** 31, 8);
    const bad: [string, Uint8Array][] = [
      ['empty', new Uint8Array()],
      ['magic', Buffer.from('PK\x03\x04 something else')],
      ['version', file(headerOf('|u1', '()'), [1], 4)],
      ['short', good.subarray(0, good.length - 1)],
      ['long', Buffer.concat([good, Buffer.of(0)])],
      ['in its header', good.subarray(0, 30)],
      ['before its header', good.subarray(0, 10)],
      ['length', huge],
      ['objects', file(headerOf('|O', '(1,)'), [0])],
      ['complex', file(headerOf('<c8', '(1,)'), [0, 0, 0, 0, 0, 0, 0, 0])],
      ['order', file(headerOf('|f4', '(1,)'), [0, 0, 0, 0])],
      ['bools', file(headerOf('|b1', '(1,)'), [2])],
      ['text', file(headerOf('<U1', '(1,)'), [0, 0, 0x11, 0x7f])],
      ['no text', file(headerOf('<U0', '(1,)'), [])],
      ['tuple', file(headerOf('|u1', '(1)'), [1])],
      ['negative', file(headerOf('|u1', '(-1,)'), [1])],
      ['too large', file(headerOf('|u1', '(99999999999, 99999999999)'), [1])],
      ['records', file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}", [0])],
      ['missing', file("{'descr': '|u1', 'shape': ()}", [1])],
      ['twice', file("{'descr': '|u1', 'descr': '|u1', 'shape': ()}", [1])],
      ['code', file("{'descr': __import__('os'), 'fortran_order': False, 'shape': ()}", [1])],
    ];
    for (const [what, bytes] of bad)
      assert.throws(
        () => readNpy(bytes, 'some.npy'),
        (e) => e instanceof HaioError && e.code === 'HAIO_E_FILE' && /some\.npy/.test(e.message),
        what,
      );
  });

  it('never throws anything but its own errors', () => {
    const start = file(headerOf('<f4', '(2, 1)'), [0, 0, 0, 0, 0, 0, 0, 0]);
    fc.assert(
      fc.property(fc.nat(start.length - 1), fc.nat(255), fc.nat(start.length), (at, value, end) => {
        const bytes = Uint8Array.from(start);
        bytes[at] = value;
        try {
          readNpy(bytes.subarray(0, Math.max(end, at)), 'x');
        } catch (e) {
          assert.ok(e instanceof HaioError, String(e));
        }
      }),
    );
  });
});

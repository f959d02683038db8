/**
 * Small floats against ONNX's tables: value = ±1.m · 2^(e − bias), subnormals 0.m · 2^(1 − bias), and the
 * patterns that stand for infinity and NaN.
 */
import assert from 'node:assert/strict';
import { DTYPE_NAMES, bitsOf, kindOf } from './dtype.js';
import { type Minifloat, fromMinifloat, minifloatTable, toMinifloat } from './minifloat.js';
import { isPacked, pack, unpack } from './packing.js';
import { fromNumbers, toNumbers } from './tensor.js';

interface Facts {
  readonly exponent: number;
  readonly bias: number;
  readonly max: number;
  readonly min: number;
  readonly nan: readonly number[];
  readonly infinity: number | null;
  /** pattern of what is too large, and of infinity, when not saturating */
  readonly over: number;
}
const FACTS: Record<Exclude<Minifloat, 'float8e8m0'>, Facts> = {
  float8e4m3fn: {
    exponent: 4,
    bias: 7,
    max: 448,
    min: 2 ** -9,
    nan: [0x7f, 0xff],
    infinity: null,
    over: 0x7f,
  },
  float8e4m3fnuz: {
    exponent: 4,
    bias: 8,
    max: 240,
    min: 2 ** -10,
    nan: [0x80],
    infinity: null,
    over: 0x80,
  },
  float8e5m2: {
    exponent: 5,
    bias: 15,
    max: 57344,
    min: 2 ** -16,
    nan: [0x7d, 0x7e, 0x7f, 0xfd, 0xfe, 0xff],
    infinity: 0x7c,
    over: 0x7c,
  },
  float8e5m2fnuz: {
    exponent: 5,
    bias: 16,
    max: 57344,
    min: 2 ** -17,
    nan: [0x80],
    infinity: null,
    over: 0x80,
  },
  float4e2m1: { exponent: 2, bias: 1, max: 6, min: 0.5, nan: [], infinity: null, over: 0x7 },
};
const FORMATS = Object.keys(FACTS) as (keyof typeof FACTS)[];

describe('minifloat', () => {
  for (const format of FORMATS) {
    const { exponent, bias, max, min, nan, infinity, over } = FACTS[format];
    const width = format === 'float4e2m1' ? 4 : 8;
    const sign = 1 << (width - 1);
    const mantissa = width - 1 - exponent;
    const table = minifloatTable(format);

    it(`${format}: every pattern has its value`, () => {
      assert.equal(table.length, 1 << width);
      table.forEach((value, bits) => {
        const e = (bits & (sign - 1)) >> mantissa;
        const m = (bits & ((1 << mantissa) - 1)) / (1 << mantissa);
        const plain = e === 0 ? m * 2 ** (1 - bias) : (1 + m) * 2 ** (e - bias);
        const magnitude = (bits & (sign - 1)) === infinity ? Infinity : plain;
        const expected = nan.includes(bits) ? NaN : bits & sign ? -magnitude : magnitude;
        assert.ok(Object.is(value, expected), `${bits.toString(16)}: ${value}, not ${expected}`);
      });
      const finite = [...table].filter(Number.isFinite);
      assert.equal(Math.max(...finite), max);
      assert.equal(Math.min(...finite.filter((x) => x > 0)), min);
    });

    it(`${format}: every value has its pattern, and ties go to the even one`, () => {
      const positive = [...table.keys()]
        .filter((bits) => bits < sign && Number.isFinite(table[bits]))
        .sort((a, b) => table[a]! - table[b]!);
      positive.forEach((bits, i) => {
        const value = table[bits]!;
        assert.equal(toMinifloat(format, value), bits);
        const signed = format.endsWith('uz') && bits === 0 ? 0 : bits | sign;
        assert.equal(toMinifloat(format, -value), signed);
        const next = positive[i + 1];
        if (next === undefined) return;
        const middle = (value + table[next]!) / 2;
        assert.equal(toMinifloat(format, middle), bits % 2 === 0 ? bits : next, `${middle}`);
        assert.equal(toMinifloat(format, middle * (1 - 2 ** -20)), bits);
        assert.equal(toMinifloat(format, middle * (1 + 2 ** -20)), next);
      });
    });

    it(`${format}: what is too large saturates or overflows`, () => {
      const top = toMinifloat(format, max);
      const step = max - table[top - 1]!;
      for (const x of [max + step, 1e30, Infinity]) {
        assert.equal(toMinifloat(format, x), top);
        assert.equal(toMinifloat(format, -x), top | sign);
        assert.equal(toMinifloat(format, x, { saturate: false }), over);
        const negative = over === 0x80 ? over : over | sign;
        assert.equal(toMinifloat(format, -x, { saturate: false }), negative);
      }
      // half a step above the greatest: rounded down where that is even
      assert.equal(toMinifloat(format, max + step * 0.49, { saturate: false }), top);
      const rounded = top % 2 === 0 ? top : over;
      assert.equal(toMinifloat(format, max + step / 2, { saturate: false }), rounded);
      if (nan.length > 0) assert.ok(nan.includes(toMinifloat(format, NaN)));
    });
  }

  it('float8e8m0 is an exponent, rounded as asked', () => {
    const patterns = (x: readonly number[], roundMode: 'up' | 'down' | 'nearest'): number[] =>
      x.map((v) => toMinifloat('float8e8m0', v, { roundMode }));
    const values = [1, 1.25, 1.5, 1.75, 0, 2 ** -127, -4, Infinity, NaN];
    assert.deepEqual(patterns(values, 'up'), [127, 128, 128, 128, 0, 1, 129, 255, 255]);
    assert.deepEqual(patterns(values, 'down'), [127, 127, 127, 127, 0, 0, 129, 255, 255]);
    assert.deepEqual(patterns(values, 'nearest'), [127, 127, 128, 128, 0, 0, 129, 255, 255]);
    const most = 3.4e38;
    assert.equal(toMinifloat('float8e8m0', most), 254);
    assert.equal(toMinifloat('float8e8m0', most, { saturate: false }), 255);
    assert.equal(fromMinifloat('float8e8m0', 0), 2 ** -127);
    assert.equal(fromMinifloat('float8e8m0', 130), 8);
    assert.ok(Number.isNaN(fromMinifloat('float8e8m0', 255)));
  });
});

describe('packed elements', () => {
  it('share bytes, the first in the lowest bits', () => {
    const int4 = fromNumbers('int4', [3], [1, -1, -8]);
    assert.deepEqual([...pack(int4)], [0xf1, 0x08]);
    const uint2 = fromNumbers('uint2', [5], [0, 1, 2, 3, 1]);
    assert.deepEqual([...pack(uint2)], [0b11100100, 0b01]);
    const small = fromNumbers('float4e2m1', [2], [0.5, -6]);
    assert.deepEqual([...pack(small)], [0xf1]);
  });

  it('come back as they were', () => {
    for (const dtype of DTYPE_NAMES.filter(isPacked)) {
      const count = 1 << bitsOf(dtype);
      const all =
        kindOf(dtype) === 'minifloat'
          ? [...minifloatTable('float4e2m1')]
          : Array.from({ length: count }, (_, i) => (dtype.startsWith('i') ? i - count / 2 : i));
      for (let length = 0; length <= count; length++) {
        const t = fromNumbers(dtype, [length], all.slice(0, length));
        assert.deepEqual([...toNumbers(t)], all.slice(0, length));
        assert.deepEqual(unpack(dtype, pack(t), length), t.data);
      }
    }
  });

  it('wrap what does not fit', () => {
    assert.deepEqual([...fromNumbers('int4', [3], [8, -9, 17]).data], [-8, 7, 1]);
    assert.deepEqual([...fromNumbers('uint2', [3], [4, -1, 7]).data], [0, 3, 3]);
  });
});

/**
 * Floats of 4 and 8 bits (ONNX: "Float stored in 8 bits", "Float stored in 4 bits"): bit patterns and
 * their values. Encoding rounds to the nearest, ties to even.
 */

interface Format {
  readonly mantissa: number;
  readonly bias: number;
  /** greatest finite value */
  readonly max: number;
  /** bit pattern of NaN without sign; null: there is none */
  readonly nan: number | null;
  /** there are infinities, as in IEEE 754 */
  readonly infinite?: boolean;
  /** no negative zero: its pattern is NaN, of no sign */
  readonly unsignedZero?: boolean;
  readonly sign: number;
}

const FORMATS = {
  float8e4m3fn: { mantissa: 3, bias: 7, max: 448, nan: 0x7f, sign: 0x80 },
  float8e4m3fnuz: { mantissa: 3, bias: 8, max: 240, nan: 0x80, unsignedZero: true, sign: 0x80 },
  float8e5m2: { mantissa: 2, bias: 15, max: 57344, nan: 0x7e, infinite: true, sign: 0x80 },
  float8e5m2fnuz: { mantissa: 2, bias: 16, max: 57344, nan: 0x80, unsignedZero: true, sign: 0x80 },
  float4e2m1: { mantissa: 1, bias: 1, max: 6, nan: null, sign: 0x8 },
} as const satisfies Record<string, Format>;

/** Formats of sign, exponent and mantissa, and the bare exponent float8e8m0. */
export type Minifloat = keyof typeof FORMATS | 'float8e8m0';
export const isMinifloat = (dtype: string): dtype is Minifloat =>
  dtype === 'float8e8m0' || Object.hasOwn(FORMATS, dtype);

/** How float8e8m0 rounds what is no power of two. */
export type RoundMode = 'up' | 'down' | 'nearest';

export interface EncodeOptions {
  /** what is too large becomes the greatest finite value (default), else NaN or infinity */
  readonly saturate?: boolean;
  readonly roundMode?: RoundMode;
}

function decode(bits: number, f: Format): number {
  const magnitude = bits & (f.sign - 1);
  const negative = (bits & f.sign) !== 0;
  if (f.unsignedZero ? bits === f.nan : magnitude === f.nan) return NaN;
  const field = magnitude >> f.mantissa;
  const fraction = magnitude & ((1 << f.mantissa) - 1);
  const top = (f.sign >> f.mantissa) - 1;
  if (f.infinite && field === top) return fraction ? NaN : negative ? -Infinity : Infinity;
  const unit = 2 ** (Math.max(field, 1) - f.bias - f.mantissa);
  const value = (field > 0 ? fraction + (1 << f.mantissa) : fraction) * unit;
  return negative ? -value : value;
}

function encode(x: number, f: Format, saturate: boolean): number {
  // a format without NaN: minus zero, as ml_dtypes gives
  if (Number.isNaN(x)) return f.nan ?? f.sign;
  const sign = x < 0 || Object.is(x, -0) ? f.sign : 0;
  const a = Math.abs(x);
  const least = 1 - f.bias;
  const exponent = Math.max(least, a > 0 && a < Infinity ? Math.floor(Math.log2(a)) : least);
  const scaled = a / 2 ** (exponent - f.mantissa);
  let q = Math.floor(scaled);
  const rest = scaled - q;
  if (rest > 0.5 || (rest === 0.5 && q % 2 === 1)) q++;
  const rounded = a === Infinity ? a : q * 2 ** (exponent - f.mantissa);
  if (rounded > f.max) {
    if (saturate || f.nan === null) return sign | maximum(f);
    if (f.infinite) return sign | (((f.sign >> f.mantissa) - 1) << f.mantissa);
    return f.unsignedZero ? f.nan : sign | f.nan;
  }
  if (q === 0) return f.unsignedZero ? 0 : sign;
  const one = 1 << f.mantissa;
  // below `one` the number is subnormal, and its field 0; a carry into the field adds up by itself
  return sign | (q < one ? q : q - one + ((exponent + f.bias) << f.mantissa));
}

const maximum = (f: Format): number => {
  const exponent = Math.floor(Math.log2(f.max));
  const q = f.max / 2 ** (exponent - f.mantissa);
  return q - (1 << f.mantissa) + ((exponent + f.bias) << f.mantissa);
};

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

/** The exponent field of float32(x) is the whole number; the sign is lost. */
function exponentBits(x: number, saturate: boolean, mode: RoundMode): number {
  f32[0] = x;
  const bits = u32[0]!;
  const exponent = (bits >>> 23) & 0xff;
  if (exponent === 0xff) return 0xff;
  const fraction = bits & 0x7fffff;
  const half = 0x400000;
  const nearest = fraction > half || (fraction === half && exponent > 0);
  const up = mode === 'up' ? fraction > 0 : mode === 'nearest' && nearest;
  return up && !(saturate && exponent === 0xfe) ? exponent + 1 : exponent;
}

const tables = new Map<Minifloat, Float64Array>();

/** Values of all bit patterns of a format. */
export function minifloatTable(format: Minifloat): Float64Array {
  let table = tables.get(format);
  if (!table) {
    table = Float64Array.from({ length: format === 'float4e2m1' ? 16 : 256 }, (_, bits) =>
      format !== 'float8e8m0'
        ? decode(bits, FORMATS[format])
        : bits === 0xff
          ? NaN
          : 2 ** (bits - 127),
    );
    tables.set(format, table);
  }
  return table;
}

/** Value of a bit pattern. */
export const fromMinifloat = (format: Minifloat, bits: number): number =>
  minifloatTable(format)[bits] ?? NaN;

/** Bit pattern nearest to x. */
export function toMinifloat(format: Minifloat, x: number, options: EncodeOptions = {}): number {
  const { saturate = true, roundMode = 'up' } = options;
  return format === 'float8e8m0'
    ? exponentBits(x, saturate, roundMode)
    : encode(x, FORMATS[format], saturate);
}

/** Operators that opsets 18 to 26 brought: values by the formulas of the specification. */
import assert from 'node:assert/strict';
import { shapeOf } from '../ir/graph.js';
import { evalGraph } from '../ir/eval.js';
import { encodeModel, graph, modelOf, node, valueInfo } from '../onnx/export.js';
import { importModel } from '../onnx/import.js';
import { type DType } from '../tensor/dtype.js';
import { type Tensor, fromNumbers, toNumbers } from '../tensor/tensor.js';

type Attributes = Parameters<typeof node>[3];

/** Outputs of one node on constant inputs. */
function run(
  type: string,
  opset: number,
  inputs: readonly (Tensor | null)[],
  attributes: Attributes = {},
  outputs = 1,
): Tensor[] {
  const names = inputs.map((t, i) => (t ? `x${i}` : ''));
  const given = inputs.flatMap((t, i) => (t ? [{ t, name: `x${i}` }] : []));
  const results = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const bytes = encodeModel(
    modelOf(
      graph(
        [node(type, names, results, attributes)],
        given.map(({ t, name }) => valueInfo(name, t.dtype, t.shape)),
        results.map((name) => ({ name })),
      ),
      opset,
    ),
  );
  const values = Object.fromEntries(given.map(({ t, name }) => [name, t]));
  const { graph: g } = importModel(bytes, { values });
  return evalGraph(
    g,
    given.map(({ t }) => t),
  );
}
const f32 = (shape: readonly number[], values: ArrayLike<number>): Tensor =>
  fromNumbers('float32', shape, values);
const ints = (...values: number[]): Tensor => fromNumbers('int64', [values.length], values);
const strings = (shape: readonly number[], data: readonly string[]): Tensor => ({
  dtype: 'string',
  shape,
  data,
});
const numbers = (t: Tensor | undefined): number[] => [...toNumbers(t!)];
const near = (got: Tensor | undefined, expected: ArrayLike<number>, limit = 1e-5): void => {
  const x = numbers(got);
  assert.equal(x.length, expected.length);
  x.forEach((v, i) => {
    assert.ok(Math.abs(v - expected[i]!) <= limit, `${i}: ${v}, not ${expected[i]!}`);
  });
};
const wave = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(seed + 1.7 * i));

describe('strings', () => {
  it('are joined with broadcasting', () => {
    const [y] = run('StringConcat', 20, [strings([2, 1], ['a', 'b']), strings([2], ['x', 'y'])]);
    assert.deepEqual(
      [y!.shape, y!.data],
      [
        [2, 2],
        ['ax', 'ay', 'bx', 'by'],
      ],
    );
  });
  it('are split at delimiters or white space, and filled up', () => {
    const split = (list: string[], attributes: Attributes): [unknown, number[]] => {
      const [y, n] = run('StringSplit', 20, [strings([list.length], list)], attributes, 2);
      return [y!.data, numbers(n)];
    };
    assert.deepEqual(split(['a-b--c', ''], { delimiter: '-' }), [
      ['a', 'b', '', 'c', '', '', '', ''],
      [4, 1],
    ]);
    assert.deepEqual(split([' a  b c ', 'd'], {}), [
      ['a', 'b', 'c', 'd', '', ''],
      [3, 1],
    ]);
    assert.deepEqual(split([' a  b c '], { maxsplit: 1 }), [['a', 'b c '], [2]]);
    assert.deepEqual(split([], {}), [[], []]);
  });
  it('are matched as a whole', () => {
    const [y] = run('RegexFullMatch', 20, [strings([2], ['www.onnx.ai', 'onnx'])], {
      pattern: 'www\\.[a-z.]+',
    });
    assert.deepEqual([y!.dtype, numbers(y)], ['bool', [1, 0]]);
  });
});

describe('moving elements', () => {
  it('writes into caches from a place of each batch on', () => {
    const cache = f32([2, 4, 1], [0, 0, 0, 0, 0, 0, 0, 0]);
    const update = f32([2, 2, 1], [1, 2, 3, 4]);
    const [y] = run('TensorScatter', 24, [cache, update, ints(1, 2)]);
    assert.deepEqual(numbers(y), [0, 1, 2, 0, 0, 0, 3, 4]);
    const [z] = run('TensorScatter', 24, [cache, update, ints(3, 0)], { mode: 'circular' });
    assert.deepEqual(numbers(z), [2, 0, 0, 1, 3, 4, 0, 0]);
    const [first] = run('TensorScatter', 24, [cache, update]);
    assert.deepEqual(numbers(first), [1, 2, 0, 0, 3, 4, 0, 0]);
  });
  it('crops and pads around the middle', () => {
    const x = f32([5, 2], wave(10, 1));
    const crop = (...to: number[]): number[] =>
      numbers(run('CenterCropPad', 18, [x, ints(...to)])[0]);
    const v = numbers(x);
    assert.deepEqual(crop(2, 2), v.slice(2, 6));
    assert.deepEqual(crop(1, 5), [0, v[4], v[5], 0, 0]);
    const [y] = run('CenterCropPad', 18, [x, ints(8)], { axes: [-2] });
    assert.deepEqual(numbers(y), [0, 0, ...v, 0, 0, 0, 0]);
  });
  it('sums columns where blocks overlap', () => {
    // all-ones columns count the blocks over each pixel
    const ones = f32([1, 4, 4], new Array<number>(16).fill(1));
    const [y] = run('Col2Im', 18, [ones, ints(3, 3), ints(2, 2)]);
    assert.deepEqual(
      [y!.shape, numbers(y)],
      [
        [1, 1, 3, 3],
        [1, 2, 1, 2, 4, 2, 1, 2, 1],
      ],
    );
  });
  it('sees bits as another type', () => {
    const [y] = run('BitCast', 26, [f32([2], [1, -0])], { to: 6 });
    assert.deepEqual([y!.dtype, numbers(y)], ['int32', [0x3f800000, -(2 ** 31)]]);
    const nibbles = fromNumbers('int4', [3], [-1, 7, -8]);
    assert.deepEqual(numbers(run('BitCast', 26, [nibbles], { to: 21 })[0]), [15, 7, 8]);
    assert.throws(() => run('BitCast', 26, [f32([1], [1])], { to: 11 }), { code: 'HAIO_E_TYPE' });
  });
  it('orders blocks by column, row, depth', () => {
    const x = f32([1, 2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7]);
    const [crd] = run('SpaceToDepth', 28, [x], { blocksize: 2, mode: 'CRD' });
    assert.deepEqual(numbers(crd), [0, 1, 2, 3, 4, 5, 6, 7]);
  });
});

describe('arithmetic of newer opsets', () => {
  it('multiplies what came before', () => {
    const x = f32([4], [1, 2, 3, 4]);
    const axis = fromNumbers('int64', [], [0]);
    const prod = (attributes: Attributes): number[] =>
      numbers(run('CumProd', 26, [x, axis], attributes)[0]);
    assert.deepEqual(prod({}), [1, 2, 6, 24]);
    assert.deepEqual(prod({ exclusive: 1 }), [1, 1, 2, 6]);
    assert.deepEqual(prod({ reverse: 1 }), [24, 24, 12, 4]);
    assert.deepEqual(prod({ reverse: 1, exclusive: 1 }), [24, 12, 4, 1]);
    const wide = fromNumbers('int32', [3], [65536, 65537, 3]);
    assert.deepEqual(numbers(run('CumProd', 26, [wide, axis])[0]), [65536, 65536, 196608]);
  });
  it('shifts signed integers arithmetically', () => {
    const shift = (dtype: DType, x: number[], y: number[], direction: string): number[] =>
      numbers(
        run(
          'BitShift',
          28,
          [fromNumbers(dtype, [x.length], x), fromNumbers(dtype, [y.length], y)],
          {
            direction,
          },
        )[0],
      );
    assert.deepEqual(shift('int8', [-8, 127, -1, 5], [1, 9, -1, 7], 'RIGHT'), [-4, 0, -1, 0]);
    assert.deepEqual(shift('int8', [64, -128, 3], [1, 1, 8], 'LEFT'), [-128, 0, 0]);
    assert.deepEqual(shift('int32', [-(2 ** 31)], [31], 'RIGHT'), [-1]);
  });
  it('gives a zero remainder the sign of the divisor', () => {
    const mod = (fmod: number): number[] =>
      numbers(run('Mod', 13, [f32([3], [4, -4, -0]), f32([3], [-2, 2, 2])], { fmod })[0]);
    assert.deepEqual(
      mod(0).map((x) => Object.is(x, -0)),
      [true, false, false],
    );
  });
  it('inverts one-sided transforms', () => {
    const signal = wave(10, 3);
    const x = f32([1, 10, 1], signal);
    const axis = fromNumbers('int64', [], [1]);
    const [bins] = run('DFT', 20, [x, null, axis], { onesided: 1 });
    assert.deepEqual(bins!.shape, [1, 6, 2]);
    const [back] = run('DFT', 20, [bins!, null, axis], { onesided: 1, inverse: 1 });
    assert.deepEqual(back!.shape, [1, 10, 1]);
    near(back, signal);
  });
  it('knows the moments of a batch when training', () => {
    const x = f32([2, 1, 2], [1, 2, 3, 6]);
    const one = (v: number): Tensor => f32([1], [v]);
    const [y, mean, variance] = run(
      'BatchNormalization',
      15,
      [x, one(2), one(1), one(10), one(20)],
      { training_mode: 1, momentum: 0.75, epsilon: 1e-12 },
      3,
    );
    near(
      y,
      [1, 2, 3, 6].map((v) => (2 * (v - 3)) / Math.sqrt(3.5) + 1),
    );
    near(mean, [0.75 * 10 + 0.25 * 3]);
    near(variance, [0.75 * 20 + 0.25 * 3.5]);
  });
  it('reduces no truths at all to the least and greatest', () => {
    const none = fromNumbers('bool', [0, 2], []);
    assert.deepEqual(numbers(run('ReduceMax', 20, [none, ints(0)])[0]), [0, 0]);
    assert.deepEqual(numbers(run('ReduceMin', 20, [none, ints(0)])[0]), [1, 1]);
  });
});

describe('quantisation of newer opsets', () => {
  const x = f32([2, 5], [0, 1, 2, 3, 4, -1, -2, -3, -4, -500]);
  it('has a scale for each block', () => {
    const scale = f32([2, 3], [1, 2, 4, 1, 2, 4]);
    const zero = fromNumbers('int8', [2, 3], [0, 1, 2, 3, 4, 5]);
    const attributes = { axis: 1, block_size: 2 };
    const [q] = run('QuantizeLinear', 21, [x, scale, zero], attributes);
    assert.deepEqual(numbers(q), [0, 1, 2, 3, 3, 2, 1, 2, 2, -120]);
    const [back] = run('DequantizeLinear', 21, [q!, scale, zero], attributes);
    assert.deepEqual(numbers(back), [0, 1, 2, 4, 4, -1, -2, -4, -4, -500]);
    assert.throws(() => run('QuantizeLinear', 21, [x, scale, zero], { axis: 1, block_size: 3 }), {
      code: 'HAIO_E_SHAPE',
    });
  });
  it('saturates at 2 and 4 bits, and at small floats', () => {
    const half = f32([], [0.5]);
    const to = (dtype: DType, code: number): number[] => {
      const [y] = run('QuantizeLinear', 25, [x, half], { output_dtype: code });
      assert.equal(y!.dtype, dtype);
      return numbers(y);
    };
    assert.deepEqual(to('int4', 22), [0, 2, 4, 6, 7, -2, -4, -6, -8, -8]);
    assert.deepEqual(to('uint2', 25), [0, 2, 3, 3, 3, 0, 0, 0, 0, 0]);
    assert.deepEqual(to('float8e4m3fn', 17), [0, 2, 4, 6, 8, -2, -4, -6, -8, -448]);
    assert.deepEqual(to('float4e2m1', 23), [0, 2, 4, 6, 6, -2, -4, -6, -6, -6]);
  });
  it('gives the type that is asked for', () => {
    const q = fromNumbers('uint4', [2], [3, 15]);
    const [y] = run('DequantizeLinear', 23, [q, f32([], [2])], { output_dtype: 10 });
    assert.deepEqual([y!.dtype, numbers(y)], ['float16', [6, 30]]);
    const small = fromNumbers('float8e5m2', [2], [1.5, -0.25]);
    assert.deepEqual(numbers(run('DequantizeLinear', 19, [small, f32([], [2])])[0]), [3, -0.5]);
  });
});

describe('Attention-23', () => {
  const [B, H, K, L, S, D] = [2, 4, 2, 3, 5, 8];
  const q = f32([B, H, L, D], wave(B * H * L * D, 1));
  const k = f32([B, K, S, D], wave(B * K * S * D, 2));
  const v = f32([B, K, S, D], wave(B * K * S * D, 3));
  interface Options {
    readonly sees?: (i: number, j: number, b: number) => boolean;
    readonly cap?: number;
  }
  /** The formula, by definition. */
  function expected({ sees = () => true, cap = 0 }: Options): number[] {
    const [x, y, z] = [numbers(q), numbers(k), numbers(v)];
    const out: number[] = [];
    for (let b = 0; b < B; b++)
      for (let h = 0; h < H; h++)
        for (let i = 0; i < L; i++) {
          const shared = b * K + Math.floor((h * K) / H);
          const weights = Array.from({ length: S }, (_, j) => {
            let s = 0;
            for (let d = 0; d < D; d++)
              s += x[((b * H + h) * L + i) * D + d]! * y[(shared * S + j) * D + d]!;
            s /= Math.sqrt(D);
            if (cap > 0) s = cap * Math.tanh(s / cap);
            return sees(i, j, b) ? Math.exp(s) : 0;
          });
          const sum = weights.reduce((a, w) => a + w, 0) || 1;
          for (let d = 0; d < D; d++)
            out.push(weights.reduce((a, w, j) => a + (w / sum) * z[(shared * S + j) * D + d]!, 0));
        }
    return out;
  }
  const attend = (inputs: (Tensor | null)[], attributes: Attributes = {}): Tensor =>
    run('Attention', 24, [q, k, v, ...inputs], attributes)[0]!;
  const mask = (sees: (i: number, j: number) => boolean): Tensor =>
    fromNumbers(
      'bool',
      [L, S],
      Array.from({ length: L * S }, (_, n) => Number(sees(Math.floor(n / S), n % S))),
    );

  it('shares keys between heads', () => near(attend([]), expected({})));
  it('caps scores', () => near(attend([], { softcap: 0.5 }), expected({ cap: 0.5 })));
  it('counts causal rows from the first key without a cache', () =>
    near(attend([], { is_causal: 1 }), expected({ sees: (i, j) => j <= i })));
  it('combines masks, and gives zeros where nothing is seen', () => {
    const sees = (i: number, j: number): boolean => i !== 1 && j % 2 === 0;
    near(attend([mask(sees)]), expected({ sees }));
    near(
      attend([mask(sees)], { is_causal: 1 }),
      expected({ sees: (i, j) => sees(i, j) && j <= i }),
    );
  });
  it('hides what pads the keys', () => {
    const lengths = [4, 2];
    near(
      attend([null, null, null, ints(...lengths)], { is_causal: 1 }),
      expected({ sees: (i, j, b) => j < lengths[b]! && j <= i + lengths[b]! - L }),
    );
  });
  it('lengthens masks that are too short', () => {
    const short = fromNumbers('bool', [L, 3], new Array<number>(9).fill(1));
    near(attend([short]), expected({ sees: (_, j) => j < 3 }));
  });
  it('appends to caches and shows the scores', () => {
    const pick = (t: Tensor, from: number, to: number): Tensor => {
      const x = numbers(t);
      const rows = Array.from({ length: B * K }, (_, n) =>
        x.slice((n * S + from) * D, (n * S + to) * D),
      );
      return f32([B, K, to - from, D], rows.flat());
    };
    const inputs = [q, pick(k, 2, 5), pick(v, 2, 5), null, pick(k, 0, 2), pick(v, 0, 2)];
    const [y, key, value, scores] = run(
      'Attention',
      23,
      inputs,
      { is_causal: 1, qk_matmul_output_mode: 3 },
      4,
    );
    near(y, expected({ sees: (i, j) => j <= i + 2 }));
    near(key, numbers(k));
    near(value, numbers(v));
    assert.deepEqual(scores!.shape, [B, H, L, S]);
    for (let row = 0; row < B * H * L; row++)
      assert.ok(
        Math.abs(
          numbers(scores)
            .slice(row * S, (row + 1) * S)
            .reduce((a, w) => a + w) - 1,
        ) < 1e-5,
      );
  });
  it('takes heads side by side', () => {
    const flat = (t: Tensor, heads: number, length: number): Tensor => {
      const x = numbers(t);
      const y = new Array<number>(x.length);
      x.forEach((w, i) => {
        const [d, s] = [i % D, Math.floor(i / D) % length];
        const [h, b] = [Math.floor(i / D / length) % heads, Math.floor(i / D / length / heads)];
        y[((b * length + s) * heads + h) * D + d] = w;
      });
      return f32([B, length, heads * D], y);
    };
    const [y] = run('Attention', 23, [flat(q, H, L), flat(k, K, S), flat(v, K, S)], {
      q_num_heads: H,
      kv_num_heads: K,
    });
    near(y, numbers(flat(f32(q.shape, expected({})), H, L)));
  });
});

describe('RotaryEmbedding', () => {
  const [S, D] = [3, 4];
  const x = wave(S * D, 5);
  const angles = wave(S * 2, 6);
  const cos = f32([1, S, 2], angles.map(Math.cos));
  const sin = f32([1, S, 2], angles.map(Math.sin));
  /** Pair p of position s as complex number, turned by its angle. */
  const turned = (pairs: (p: number) => readonly [number, number]): number[] => {
    const y = [...x];
    for (let s = 0; s < S; s++)
      for (let p = 0; p < 2; p++) {
        const [a, b] = pairs(p).map((i) => s * D + i) as [number, number];
        const angle = angles[s * 2 + p]!;
        y[a] = x[a]! * Math.cos(angle) - x[b]! * Math.sin(angle);
        y[b] = x[a]! * Math.sin(angle) + x[b]! * Math.cos(angle);
      }
    return y;
  };
  it('turns halves or neighbours', () => {
    const four = f32([1, 1, S, D], x);
    near(
      run('RotaryEmbedding', 23, [four, cos, sin])[0],
      turned((p) => [p, p + 2]),
    );
    near(
      run('RotaryEmbedding', 23, [four, cos, sin], { interleaved: 1 })[0],
      turned((p) => [2 * p, 2 * p + 1]),
    );
  });
  it('looks positions up, and leaves the rest of a head alone', () => {
    const table = (t: Tensor): Tensor => f32([S, 2], numbers(t));
    const reversed = ints(2, 1, 0);
    const ids: Tensor = { ...reversed, shape: [1, S] };
    const wide = f32(
      [1, S, D + 2],
      [0, 1, 2].flatMap((s) => [...x.slice(s * D, s * D + D), 8, 9]),
    );
    const [y] = run('RotaryEmbedding', 23, [wide, table(cos), table(sin), ids], {
      num_heads: 1,
      rotary_embedding_dim: D,
    });
    const [z] = run('RotaryEmbedding', 23, [
      f32([1, 1, S, D], x),
      ...[cos, sin].map((t) =>
        f32(
          [1, S, 2],
          [2, 1, 0].flatMap((s) => numbers(t).slice(2 * s, 2 * s + 2)),
        ),
      ),
    ]);
    const got = numbers(y);
    near(
      f32(
        [S * D],
        [0, 1, 2].flatMap((s) => got.slice(s * (D + 2), s * (D + 2) + D)),
      ),
      numbers(z),
    );
    assert.deepEqual(got.slice(D, D + 2), [8, 9]);
  });
});

describe('images of newer opsets', () => {
  it('are sampled on affine grids', () => {
    const identity = f32([1, 2, 3], [1, 0, 0, 0, 1, 0]);
    const [y] = run('AffineGrid', 20, [identity, ints(1, 1, 2, 3)], { align_corners: 1 });
    assert.deepEqual(y!.shape, [1, 2, 3, 2]);
    near(y, [-1, -1, 0, -1, 1, -1, -1, 1, 0, 1, 1, 1]);
    const [z] = run('AffineGrid', 20, [identity, ints(1, 1, 1, 2)]);
    near(z, [-0.5, 0, 0.5, 0]);
  });
  it('are convolved at places that move', () => {
    const x = f32([1, 1, 3, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const w = f32([1, 1, 2, 2], [1, 1, 1, 1]);
    const still = f32([1, 8, 2, 2], new Array<number>(32).fill(0));
    near(run('DeformConv', 19, [x, w, still])[0], [8, 12, 20, 24]);
    // the first kernel position moves half a pixel down: 1.5 more, 4.5 (half outside) in the last row
    const moved = f32([1, 8, 2, 2], [0.5, 0.5, 0.5, 0.5, ...new Array<number>(28).fill(0)]);
    near(run('DeformConv', 19, [x, w, moved])[0], [9.5, 13.5, 21.5, 25.5]);
    const bias = f32([1], [100]);
    const mask = f32([1, 4, 2, 2], new Array<number>(16).fill(0.5));
    near(run('DeformConv', 19, [x, w, still, bias, mask])[0], [104, 106, 110, 112]);
  });
});

describe('operators of other opsets', () => {
  it('takes the greatest element of each cell of a region', () => {
    const x = f32(
      [1, 1, 4, 4],
      Array.from({ length: 16 }, (_, i) => i),
    );
    const pool = (...region: number[]): number[] =>
      numbers(run('MaxRoiPool', 22, [x, f32([1, 5], [0, ...region])], { pooled_shape: [2, 2] })[0]);
    assert.deepEqual(pool(0, 0, 3, 3), [5, 7, 13, 15]);
    // three columns and rows: the middle ones belong to both cells
    assert.deepEqual(pool(1, 1, 3, 3), [10, 11, 14, 15]);
    // beyond the image there is nothing
    assert.deepEqual(pool(3, 3, 6, 6), [15, 0, 0, 0]);
  });
  it('repeats along one axis, and enlarges by two attributes', () => {
    const x = f32([1, 1, 1, 2], [1, 2]);
    const scalar = (v: number): Tensor => f32([], [v]);
    const [tiled] = run('Tile', 1, [x, scalar(2), scalar(2)]);
    assert.deepEqual(
      [tiled!.shape, numbers(tiled)],
      [
        [1, 1, 2, 2],
        [1, 2, 1, 2],
      ],
    );
    const scales = { height_scale: { float: 1 }, width_scale: { float: 2 } };
    assert.deepEqual(numbers(run('Upsample', 1, [x], scales)[0]), [1, 1, 2, 2]);
  });
  it('gates', () => {
    const [y] = run('SwiGLU', 28, [f32([2], [1, -2]), f32([2], [3, 4])]);
    near(y, [3 / (1 + Math.exp(-1)), -8 / (1 + Math.exp(2))]);
  });
  it('convolves behind a state', () => {
    const x = f32([1, 1, 3], [1, 2, 3]);
    const w = f32([1, 1, 2], [10, 1]);
    const outputs = run('CausalConvWithState', 27, [x, w], {}, 2);
    assert.deepEqual(outputs.map(numbers), [[1, 12, 23], [3]]);
  });
  it('takes models that use no operator of ai.onnx', () => {
    const binarizes = [node('Binarizer', ['x'], ['y'], {}, 'ai.onnx.ml')];
    const model = modelOf(graph(binarizes, [valueInfo('x', 'float32', [1])], [{ name: 'y' }]), 17);
    const opset_import = [{ domain: 'ai.onnx.ml', version: 3 }];
    assert.equal(importModel(encodeModel({ ...model, opset_import })).opset, 0);
  });
  it('says what to do where haio cannot', () => {
    assert.throws(() => run('ImageDecoder', 20, [fromNumbers('uint8', [1], [0])]), {
      code: 'HAIO_E_UNSUPPORTED',
      message: /decode images before the run/,
    });
    const domain = 'ai.onnx.preview.training';
    const trains = [node('Adam', ['x'], ['y'], {}, domain), node('Nope', ['x'], ['z'])];
    const ports = [valueInfo('x', 'float32', [1])];
    const model = modelOf(graph(trains, ports, [{ name: 'y' }, { name: 'z' }]), 17);
    assert.throws(() => importModel(encodeModel(model)), {
      code: 'HAIO_E_UNSUPPORTED',
      message: /Adam \(ai\.onnx\.preview\.training 1; 'y': it trains.*Nope \(ai\.onnx 17; 'z'\)/,
    });
    const search = [node('BeamSearch', ['x'], ['y'], {}, 'com.microsoft')];
    const whole = modelOf(graph(search, ports, [{ name: 'y' }]), 17);
    assert.throws(() => importModel(encodeModel(whole)), {
      code: 'HAIO_E_UNSUPPORTED',
      message: /BeamSearch .*: export the decoder alone and loop over its steps/,
    });
  });
});

describe('sizes that are open', () => {
  it('stay open through Attention', () => {
    const names = ['q', 'k', 'v'];
    const bytes = encodeModel(
      modelOf(
        graph(
          [node('Attention', names, ['y'], { is_causal: 1, q_num_heads: 2, kv_num_heads: 2 })],
          names.map((name) => valueInfo(name, 'float32', ['b', 's', 16])),
          [{ name: 'y' }],
        ),
        23,
      ),
    );
    const { inputs, outputs } = importModel(bytes).graph;
    assert.deepEqual(shapeOf(outputs[0]!), shapeOf(inputs[0]!));
  });
});

// Compares newer operators of ai.onnx with onnxruntime-node (in bench/rival) on drawn models of one node:
// node scripts/differ-onnx.mjs [runs of each] [pattern of names]. Fails when one differs.
import { createRequire } from 'node:module';

const [runs = '40', pattern = '.'] = process.argv.slice(2);
const from = (path) => import(new URL(`../dist/lib/${path}`, import.meta.url).href);
const X = await from('onnx/export.js');
const { fromNumbers, sizeOf } = await from('tensor/tensor.js');
const h = await from('index.js');
const require = createRequire(new URL('../bench/rival/package.json', import.meta.url));
const ort = require('onnxruntime-node');

/** greatest |got − expected| / (1 + |expected|) */
const LIMIT = 1e-4;
let failures = 0;
let seed = 1;
const rnd = () => {
  seed = (seed * 1103515245 + 12345) & 0x7fffffff;
  return seed / 0x7fffffff;
};
const int = (a, b) => a + Math.floor(rnd() * (b - a + 1));
const f32 = (s, k = 2) =>
  fromNumbers(
    'float32',
    s,
    Array.from({ length: sizeOf(s) }, () => (rnd() * 2 - 1) * k),
  );
const i64 = (s, v) => fromNumbers('int64', s, v);
/** type, opset, inputs, attributes, number of outputs */
const draws = {
  Attention() {
    const B = int(1, 2),
      K = int(1, 2),
      G = int(1, 3),
      L = int(1, 4),
      S = rnd() < 0.5 ? L : int(1, 5),
      Dh = int(1, 9) * 2;
    const causal = +(rnd() < 0.4);
    const ins = [f32([B, K * G, L, Dh]), f32([B, K, S, Dh]), f32([B, K, S, Dh])];
    const past = rnd() < 0.3 ? int(1, 3) : 0;
    const m = rnd();
    ins.push(m < 0.3 ? f32([L, S + past]) : m < 0.5 ? f32([B, 1, L, S + past]) : null);
    if (past) ins.push(f32([B, K, past, Dh]), f32([B, K, past, Dh]));
    return [
      'Attention',
      23,
      ins,
      {
        is_causal: causal,
        ...(rnd() < 0.3 ? { softcap: { float: 0.7 } } : {}),
        ...(rnd() < 0.3 ? { scale: { float: 0.3 } } : {}),
      },
      past ? 3 : 1,
    ];
  },
  RotaryEmbedding() {
    const B = int(1, 2),
      S = int(1, 5),
      N = int(1, 3),
      Dh = int(1, 4) * 4;
    const p = rnd() < 0.5;
    return [
      'RotaryEmbedding',
      23,
      [
        f32([B, N, S, Dh]),
        f32(p ? [9, Dh / 2] : [B, S, Dh / 2], 1),
        f32(p ? [9, Dh / 2] : [B, S, Dh / 2], 1),
        ...(p
          ? [
              i64(
                [B, S],
                Array.from({ length: B * S }, () => int(0, 8)),
              ),
            ]
          : []),
      ],
      { interleaved: +(rnd() < 0.5) },
      1,
    ];
  },
  MaxRoiPool() {
    const n = int(1, 2),
      h = int(2, 7),
      w = int(2, 7),
      r = int(1, 3);
    return [
      'MaxRoiPool',
      1,
      [
        f32([n, 2, h, w]),
        fromNumbers(
          'float32',
          [r, 5],
          Array.from({ length: r }, () => {
            const x = int(0, w - 1),
              y = int(0, h - 1);
            return [int(0, n - 1), x, y, x + int(0, 4), y + int(0, 4)];
          }).flat(),
        ),
      ],
      { pooled_shape: [int(1, 3), int(1, 3)], spatial_scale: { float: rnd() < 0.5 ? 1 : 0.5 } },
      1,
    ];
  },
  DeformConv() {
    const kh = int(1, 3),
      kw = int(1, 3),
      og = int(1, 2),
      g = int(1, 2),
      C = 4,
      M = 4,
      H = int(4, 6),
      W = int(4, 6),
      s = int(1, 2),
      pd = int(0, 1);
    const oh = Math.floor((H + 2 * pd - kh) / s) + 1,
      ow = Math.floor((W + 2 * pd - kw) / s) + 1;
    return [
      'DeformConv',
      19,
      [
        f32([1, C, H, W]),
        f32([M, C / g, kh, kw]),
        f32([1, 2 * og * kh * kw, oh, ow]),
        f32([M]),
        f32([1, og * kh * kw, oh, ow]),
      ],
      {
        strides: [s, s],
        pads: [pd, pd, pd, pd],
        group: g,
        offset_group: og,
        kernel_shape: [kh, kw],
      },
      1,
    ];
  },
  Col2Im() {
    const kh = int(1, 3),
      kw = int(1, 3),
      H = int(3, 6),
      W = int(3, 6),
      s = int(1, 2),
      pd = int(0, 1),
      d = 1;
    const L = (Math.floor((H + 2 * pd - kh) / s) + 1) * (Math.floor((W + 2 * pd - kw) / s) + 1);
    return [
      'Col2Im',
      18,
      [f32([int(1, 2), 3 * kh * kw, L]), i64([2], [H, W]), i64([2], [kh, kw])],
      { strides: [s, s], pads: [pd, pd, pd, pd], dilations: [d, d] },
      1,
    ];
  },
  AffineGrid() {
    return [
      'AffineGrid',
      20,
      [f32([1, 2, 3]), i64([4], [1, 1, int(2, 4), int(2, 4)])],
      { align_corners: +(rnd() < 0.5) },
      1,
    ];
  },
  CenterCropPad() {
    return [
      'CenterCropPad',
      18,
      [f32([int(1, 6), int(1, 6)]), i64([2], [int(1, 7), int(1, 7)])],
      {},
      1,
    ];
  },
  DFT() {
    const n = int(2, 9);
    const on = +(rnd() < 0.5);
    return ['DFT', 20, [f32([2, n, 1]), null, i64([], [1])], { onesided: on }, 1];
  },
  Swish() {
    return ['Swish', 24, [f32([int(1, 5), 7])], { alpha: { float: 1.3 } }, 1];
  },
  RMSNormalization() {
    return ['RMSNormalization', 23, [f32([2, int(1, 4), 8]), f32([8])], {}, 1];
  },
  TensorScatter() {
    const B = int(1, 3),
      M = int(3, 6),
      L = int(1, 3);
    return [
      'TensorScatter',
      24,
      [
        f32([B, 2, M, 4]),
        f32([B, 2, L, 4]),
        i64(
          [B],
          Array.from({ length: B }, () => int(0, M - L)),
        ),
      ],
      { mode: 'linear' },
      1,
    ];
  },
  GroupNormalization() {
    return [
      'GroupNormalization',
      21,
      [f32([2, 6, int(1, 5)]), f32([6]), f32([6])],
      { num_groups: int(1, 3) === 2 ? 2 : 3 },
      1,
    ];
  },
};
for (const [name, draw] of Object.entries(draws)) {
  if (!new RegExp(pattern).test(name)) continue;
  let worst = 0,
    ok = 0,
    refused = 0,
    bad = 0,
    note = '';
  for (let t = 0; t < Number(runs); t++) {
    const [type, opset, ins, attrs, outs] = draw();
    const names = ins.map((x, i) => (x ? `x${i}` : ''));
    const ys = Array.from({ length: outs }, (_, i) => `y${i}`);
    const given = ins.map((x, i) => [x, `x${i}`]).filter(([x]) => x);
    const bytes = X.encodeModel({
      ...X.modelOf(
        X.graph(
          [X.node(type, names, ys, attrs)],
          given.map(([x, n]) => X.valueInfo(n, x.dtype, x.shape)),
          ys.map((n) => X.valueInfo(n, 'float32')),
        ),
        opset,
      ),
      ir_version: 10,
    });
    let want;
    try {
      const s = await ort.InferenceSession.create(Buffer.from(bytes), { logSeverityLevel: 4 });
      want = await s.run(
        Object.fromEntries(given.map(([x, n]) => [n, new ort.Tensor(x.dtype, x.data, x.shape)])),
      );
    } catch (e) {
      refused++;
      note ||= String(e.message).slice(0, 120);
      continue;
    }
    try {
      const s = await h.load(bytes, { threads: 1 });
      const got = await s.run(
        Object.fromEntries(given.map(([x, n]) => [n, new h.Tensor(x.dtype, x.data, x.shape)])),
      );
      let d = 0;
      for (const y of ys) {
        const [a, b] = [got[y].data, want[y].data];
        if (String(got[y].dims) !== String(want[y].dims))
          throw new Error(`dims ${got[y].dims} ${want[y].dims}`);
        for (let i = 0; i < b.length; i++)
          if (!Object.is(a[i], b[i])) {
            const e = Math.abs(a[i] - b[i]) / (1 + Math.abs(b[i]));
            d = Math.max(d, Number.isNaN(e) ? Infinity : e);
          }
      }
      worst = Math.max(worst, d);
      if (d > LIMIT) {
        bad++;
        note ||= JSON.stringify([attrs, ins.map((x) => x?.shape)]).slice(0, 250);
      } else ok++;
      await s.release();
    } catch (e) {
      bad++;
      note ||= e.message.slice(0, 200);
    }
  }
  failures += bad;
  console.log(
    name.padEnd(20),
    'ok',
    ok,
    'bad',
    bad,
    'refused by ort',
    refused,
    'worst',
    worst.toExponential(1),
    note,
  );
}
process.exit(failures > 0 ? 1 : 0);

/** Cases: attention to blocks of keys, by its documentation. onnxruntime's kernel needs caches bound in place. */
import { type Tensor, tensor } from '../../lib/tensor/tensor.js';
import { type Draw, f32, filled, i32, reader, sum } from './case.js';

const F = 'float32' as const;

/** A table of cosines or sines. */
const table = (rows: number, half: number, f: (x: number) => number): Tensor =>
  f32(
    [rows, half],
    ...Array.from({ length: rows * half }, (_, i) => f(Math.floor(i / half) * 0.3 ** (i % half))),
  );

interface Sparse {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly v: Tensor;
  readonly pastKey: Tensor;
  readonly pastValue: Tensor;
  readonly tables: readonly [Tensor, Tensor] | null;
  /** whether head h sees key j from row i */
  readonly sees: (h: number, i: number, j: number) => boolean;
  readonly start: number;
  readonly heads: number;
  readonly scale: number;
}

/** x [B, L, H·d] at (b, head, row, c), turned by halves where there are tables. */
function states(x: Tensor, d: number, s: Sparse, turns: boolean) {
  const at = reader(x);
  return (b: number, h: number, row: number, c: number): number => {
    const own = at(b, row, h * d + c);
    if (!s.tables || !turns) return own;
    const half = d / 2;
    const [cos, sin] = s.tables.map((t) => reader(t)(s.start + row, c % half)) as [number, number];
    const other = at(b, row, h * d + ((c + half) % d));
    return own * cos + (c < half ? -other : other) * sin;
  };
}

function attended(s: Sparse): Tensor[] {
  const [b, shared, room, d] = s.pastKey.shape as [number, number, number, number];
  const rows = s.q.shape[1]!;
  const present = (past: Tensor, x: Tensor, turns: boolean): Tensor =>
    filled([b, shared, room, d], ([i, h, l, c]) =>
      l! >= s.start && l! < s.start + rows
        ? states(x, d, s, turns)(i!, h!, l! - s.start, c!)
        : reader(past)(i!, h!, l!, c!),
    );
  const [keys, values] = [present(s.pastKey, s.k, true), present(s.pastValue, s.v, false)];
  const query = states(s.q, d, s, true);
  const y = filled([b, rows, s.heads * d], ([i, row, column]) => {
    const h = Math.floor(column! / d);
    const own = Math.floor((h * shared) / s.heads);
    const weights = Array.from({ length: s.start + row! + 1 }, (_, j) =>
      s.sees(h, s.start + row!, j)
        ? Math.exp(s.scale * sum(d, (c) => query(i!, h, row!, c) * reader(keys)(i!, own, j, c)))
        : 0,
    );
    const total = weights.reduce((p, w) => p + w, 0);
    return sum(
      weights.length,
      (j) => (weights[j]! / total) * reader(values)(i!, own, j, column! % d),
    );
  });
  return [y, keys, values];
}

/** A first prompt, or one token behind a past, in buffers. */
const sparse: Draw = (r) => {
  const size = 16;
  const [shared, layouts, d] = [r.int(1, 3), r.int(1, 3), 16];
  const heads = shared * layouts * r.int(1, 3);
  const room = size * r.int(2, 5);
  const blocks = room / size;
  const prompt = r.chance();
  const [b, total] = [r.int(1, 3), r.int(1, room + 1)];
  const l = prompt ? total : 1;
  // the diagonal is always seen
  const seen = Array.from({ length: layouts * blocks }, (_, i) =>
    Array.from({ length: (i % blocks) + 1 }, (_, c) => c).filter(
      (c) => c === i % blocks || r.chance(),
    ),
  );
  const perLayout = Array.from({ length: layouts }, (_, i) =>
    seen.slice(i * blocks, (i + 1) * blocks),
  );
  const most = Math.max(...perLayout.map((rows) => rows.flat().length));
  const columns = perLayout.flatMap((rows) => {
    const all = rows.flat();
    return [...all, ...new Array<number>(most - all.length).fill(-1)];
  });
  const starts = perLayout.flatMap((rows) => [
    0,
    ...rows.map((_, i) => rows.slice(0, i + 1).flat().length),
  ]);
  const zeros = (t: Tensor): Tensor =>
    tensor(
      F,
      t.shape,
      (t.data as Float32Array).map((v, i) => (Math.floor(i / d) % room < total - l ? v : 0)),
    );
  const cache = (): Tensor => zeros(r.tensor([b, shared, room, d]));
  const rotary = r.chance();
  const tables = [table(room, d / 2, Math.cos), table(room, d / 2, Math.sin)] as const;
  const s: Sparse = {
    q: r.tensor([b, l, heads * d]),
    k: r.tensor([b, l, shared * d]),
    v: r.tensor([b, l, shared * d]),
    pastKey: cache(),
    pastValue: cache(),
    tables: rotary ? tables : null,
    sees: (h, i, j) =>
      perLayout[h % layouts]![Math.floor(i / size)]!.includes(Math.floor(j / size)),
    start: total - l,
    heads,
    scale: 0.3,
  };
  return {
    op: 'SparseAttention',
    inputs: [
      ...[s.q, s.k, s.v, s.pastKey, s.pastValue],
      i32([layouts, blocks + 1], ...starts),
      i32([layouts, most], ...columns),
      i32([1], total),
      i32([b], ...new Array<number>(b).fill(total)),
      ...(rotary ? tables : []),
    ],
    outputs: [F, F, F],
    expected: attended(s),
    constants: rotary ? [5, 6, 9, 10] : [5, 6],
    closed: true,
    attributes: {
      num_heads: heads,
      kv_num_heads: shared,
      sparse_block_size: size,
      do_rotary: Number(rotary),
      scale: { float: 0.3 },
    },
  };
};

export const SPARSE: Readonly<Record<string, Draw>> = { SparseAttention: sparse };

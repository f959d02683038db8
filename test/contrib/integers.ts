/** Cases: operators on integers without a CPU kernel in onnxruntime, by their documentation. */
import { type Dice, type Draw, f32, filled, reader, sum } from './case.js';

const byteOf = (type: 'uint8' | 'int8', v: number): number => {
  const even = Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v);
  return type === 'uint8' ? Math.min(255, Math.max(0, even)) : Math.min(127, Math.max(-128, even));
};

function qLinearReduceMean(r: Dice): ReturnType<Draw> {
  const type = r.pick(['uint8', 'int8'] as const);
  const [a, b, c] = [r.int(1, 4), r.int(1, 6), r.int(1, 9)];
  const [x, zx, zy] = [r.ints(type, [a, b, c]), r.ints(type, []), r.ints(type, [])];
  const [sx, sy] = [f32([], 0.01 + 0.1 * r.next()), f32([], 0.01 + 0.1 * r.next())];
  const keep = r.int(0, 2);
  const at = (i: number): number => {
    const each = sum(b, (j) => sum(c, (k) => reader(x)(i, j, k) - reader(zx)()));
    return byteOf(type, (each / (b * c)) * (reader(sx)() / reader(sy)()) + reader(zy)());
  };
  return {
    op: 'QLinearReduceMean',
    inputs: [x, sx, zx, sy, zy],
    constants: [1, 2, 3, 4],
    outputs: [type],
    expected: [filled(keep ? [a, 1, 1] : [a], ([i]) => at(i!), type)],
    attributes: { axes: [1, -1], keepdims: keep },
  };
}

const mulInteger: Draw = (r) => {
  const [type, other] = [r.pick(['uint8', 'int8'] as const), r.pick(['uint8', 'int8'] as const)];
  const [m, n] = [r.int(1, 6), r.int(1, 20)];
  const [a, b] = [r.ints(type, [m, n]), r.ints(other, r.pick([[m, n], [n], [m, 1]]))];
  const [za, zb] = [r.chance() ? r.ints(type, []) : null, r.ints(other, [])];
  const y = filled(
    [m, n],
    (i) => (reader(a)(...i) - (za ? reader(za)() : 0)) * (reader(b)(...i) - reader(zb)()),
    'int32',
  );
  return { op: 'MulInteger', inputs: [a, za, b, zb], outputs: ['int32'], expected: [y] };
};

const reduceSumInteger: Draw = (r) => {
  const type = r.pick(['uint8', 'int8'] as const);
  const [a, b, c] = [r.int(1, 5), r.int(1, 40), r.int(1, 6)];
  const x = r.ints(type, [a, b, c]);
  const keep = r.int(0, 2);
  const wide = type === 'uint8' ? 'uint32' : 'int32';
  const y = filled(
    keep ? [a, 1, c] : [a, c],
    (i) => sum(b, (j) => reader(x)(i[0]!, j, i.at(-1)!)),
    wide,
  );
  const attributes = { axes: [1], keepdims: keep };
  return { op: 'ReduceSumInteger', inputs: [x], outputs: [wide], expected: [y], attributes };
};

export const INTEGERS: Readonly<Record<string, Draw>> = {
  QLinearReduceMean: qLinearReduceMean,
  MulInteger: mulInteger,
  ReduceSumInteger: reduceSumInteger,
};

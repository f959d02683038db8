import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { FakeAddon, type FakeKernel } from '../../test/fake-addon.js';
import { HaioError } from '../errors.js';
import { apply, literal } from '../ir/build.js';
import { type Value, input } from '../ir/graph.js';
import { type OpDef, defineOp } from '../ir/op.js';
import { product } from '../tensor/shape.js';
import * as D from '../tensor/dim.js';
import { bindRegion } from './bind.js';
import { buildModel } from './build.js';
import { openModel } from './decode.js';
import { explainModel } from './explain.js';

/** a + b natively, and a host node with attributes */
const Both = defineOp<object>({
  name: 'Both',
  infer: ([a]) => [a!],
  lower: (_, l) =>
    l.emit({
      kernel: 'both.f32',
      params: { n: product(l.out().shape) },
      inputs: [l.in(0), l.in(1)],
      outputs: [l.out()],
      items: 1,
    }),
});
const Host = defineOp<object>({ name: 'Host', infer: ([a]) => [a!], eval: ([a]) => [a!] });
const kernel: FakeKernel = { signature: 'n:i64', run: () => undefined };
const find = (name: string): OpDef | undefined => [Both, Host].find((op) => op.name === name);

function compiled(): { fake: FakeAddon; bytes: Uint8Array } {
  const fake = new FakeAddon({ 'both.f32': kernel });
  const n = D.symbolDim(D.newSymbol('n', { typical: 2 }));
  const x = input('x', { dtype: 'float32', shape: [n, 2] });
  const w = literal('float32', [1, 2], [1, 2]);
  const y = (v: Value): Value => apply(Both, {}, [v, w]);
  const h = apply(Host, { a: [1, 2], t: Float32Array.of(1), op: Host }, [y(x), w] as Value[]);
  const { model } = buildModel(
    { inputs: [x], outputs: [y(y(h))], outputNames: ['y'] },
    { native: fake.addon, isa: '' },
  );
  return { fake, bytes: fake.models.get(model)! };
}

/** Opens bytes as a model; with a right checksum if wanted. Only HaioErrors may come out. */
function open(fake: FakeAddon, bytes: Uint8Array, seal = false): boolean {
  if (seal) {
    const view = new DataView(bytes.buffer);
    const weights = view.getFloat64(56, true);
    view.setUint32(8, 0, true);
    if (weights <= bytes.length) view.setUint32(8, crc32(bytes.subarray(0, weights)), true);
  }
  const id = fake.modelCreate(bytes.length);
  fake.modelWrite(id, 0, bytes);
  try {
    const model = openModel(fake.addon, id, find);
    const sizes = Float64Array.from(model.symbols, () => 3);
    for (const r of model.regions) if (r.kind === 'native') bindRegion(model, r, sizes);
    explainModel(model);
    model.values.forEach((v, i) => v.source.kind === 'constant' && model.constant(i));
    return true;
  } catch (e) {
    if (!(e instanceof HaioError)) throw e;
    return false;
  } finally {
    fake.modelRelease(id);
  }
}

describe('plan: decode', () => {
  it('opens what encode wrote', () => {
    const { fake, bytes } = compiled();
    assert.ok(open(fake, bytes.slice()));
    assert.ok(open(fake, bytes.slice(), true));
  });

  it('says what is wrong', () => {
    const { fake, bytes } = compiled();
    const reason = (edit: (b: Uint8Array, view: DataView) => unknown): string => {
      const copy = bytes.slice();
      const result = edit(copy, new DataView(copy.buffer));
      const edited = result instanceof Uint8Array ? result : copy;
      const id = fake.modelCreate(edited.length);
      fake.modelWrite(id, 0, edited);
      try {
        openModel(fake.addon, id, find);
      } catch (e) {
        assert.ok(e instanceof HaioError && e.code === 'HAIO_E_PLAN');
        return e.message;
      }
      return 'opened';
    };
    assert.match(
      reason((b) => b.subarray(0, 10)),
      /10 bytes are no compiled model/,
    );
    assert.match(
      reason((b) => b.subarray(0, b.length - 1)),
      /length/,
    );
    assert.match(
      reason((_, v) => v.setUint8(0, 1)),
      /not a compiled model/,
    );
    assert.match(
      reason((_, v) => v.setUint32(4, 99, true)),
      /version 99/,
    );
    assert.match(
      reason((_, v) => v.setUint8(100, 1)),
      /checksum/,
    );
    assert.match(
      reason((_, v) => v.setFloat64(24, 1e15, true)),
      /outside/,
    );
  });

  it('refuses unknown operators', () => {
    const { fake, bytes } = compiled();
    const id = fake.modelCreate(bytes.length);
    fake.modelWrite(id, 0, bytes);
    assert.throws(() => openModel(fake.addon, id, () => undefined), /unknown operator 'Host'/);
  });

  it('survives any change of its bytes', () => {
    const { fake, bytes } = compiled();
    const weights = new DataView(bytes.buffer).getFloat64(56, true);
    const edit = fc.array(fc.tuple(fc.nat(weights - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(edit, (edits) => {
        const copy = bytes.slice();
        for (const [at, value] of edits) copy[at] = value;
        open(fake, copy, true);
      }),
      { numRuns: 3000 },
    );
  });

  it('survives any word of its template', () => {
    const { fake, bytes } = compiled();
    const view = new DataView(bytes.buffer);
    const [from, to] = [
      view.getFloat64(40, true),
      view.getFloat64(40, true) + view.getFloat64(48, true),
    ];
    const values = [-1, 0, 1, 5, 0.5, 1e9, 2 ** 53, NaN, Infinity, -Infinity];
    for (let at = from; at < to; at += 8)
      for (const value of values) {
        const copy = bytes.slice();
        new DataView(copy.buffer).setFloat64(at, value, true);
        open(fake, copy, true);
      }
  });
});

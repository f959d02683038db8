/** Compiled models saved, opened elsewhere, and opened when they are not what they should be. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HaioError, type Plan, Tensor, compile, load, openPlan } from '../lib/index.js';
import { loadAddon } from '../lib/native/binding.js';
import { encodeModel, graph, modelOf, node, valueInfo } from '../lib/onnx/export.js';
import { GALLERY } from './models/gallery.js';
import { linear, smallCnn } from './models/towers.js';

const isas = loadAddon()
  .inspect()
  .isas.filter((isa) => isa.usable && isa.width)
  .map((isa) => isa.name);
const code = (expected: string) => (e: unknown) => e instanceof HaioError && e.code === expected;
const image = (n: number, side: number): Tensor =>
  new Tensor(
    'float32',
    Float32Array.from({ length: n * 3 * side * side }, (_, i) => Math.sin(i)),
    [n, 3, side, side],
  );

describe(`plan files on ${isas.join(', ')}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'haio-plan-'));
  const at = (name: string): string => join(folder, name);
  after(() => rmSync(folder, { recursive: true }));

  it('runs a saved model as the model itself, from a path and from bytes, on every ISA', async () => {
    using plan = await compile(smallCnn());
    await plan.save(at('cnn.haio'));
    const bytes = new Uint8Array(readFileSync(at('cnn.haio')));
    assert.equal(bytes.length, plan.bytes);
    for (const isa of isas) {
      await using direct = await load(smallCnn(), { isa });
      for (const source of [at('cnn.haio'), bytes]) {
        await using session = await load(source, { isa, threads: 2 });
        assert.deepEqual(session.inputs, direct.inputs);
        assert.deepEqual(session.nodes, direct.nodes);
        for (const [n, side] of [
          [1, 16],
          [3, 24],
        ] as const) {
          const feeds = { x: image(n, side) };
          const [a, b] = [await direct.run(feeds), await session.run(feeds)];
          const [x, y] = [a['y']!.data as Float32Array, b['y']!.data as Float32Array];
          assert.ok(
            x.every((v, i) => Math.abs(v - y[i]!) < 1e-5),
            `${isa}: ${x.join()} and ${y.join()}`,
          );
        }
      }
    }
  });

  it('keeps what was fixed, and says so', async () => {
    using plan = await compile(linear(8), { sizes: { n: 3 } });
    assert.deepEqual(plan.inputs[0]!.shape, [3, 8]);
    await using session = plan.open();
    const wrong = { x: new Tensor('float32', new Float32Array(16), [2, 8]) };
    await assert.rejects(session.run(wrong), code('HAIO_E_INPUT'));
    await session.run({ x: new Tensor('float32', new Float32Array(24), [3, 8]) });
  });

  it('asks for the contents that the graph depends on, and holds runs to them', async () => {
    const { bytes, inputs } = GALLERY['branches']!();
    await assert.rejects(compile(bytes), /values of|sizes of/);
    const values = Object.fromEntries(
      Object.entries(inputs).map(([name, t]) => [name, new Tensor(t.dtype, t.data, t.shape)]),
    );
    const scalar = Object.entries(values).find(([, t]) => t.size === 1)!;
    using plan = await compile(bytes, { values: { [scalar[0]]: scalar[1] } });
    await plan.save(at('branches.haio'));
    await using session = await load(at('branches.haio'));
    await using direct = await load(bytes);
    assert.deepEqual(await session.run(values), await direct.run(values));
    const [name, t] = scalar;
    const other = { ...values, [name]: new Tensor(t.type, [Number(t.data[0]) + 7], t.dims) };
    await assert.rejects(session.run(other), /which the model was compiled for/);
  });

  it('says what does not fit where equally named sizes contradict each other', async () => {
    const sum = encodeModel(
      modelOf(
        graph(
          [node('Add', ['a', 'b'], ['y'])],
          [valueInfo('a', 'float32', ['n']), valueInfo('b', 'float32', ['n'])],
          [valueInfo('y', 'float32', ['n'])],
        ),
        17,
      ),
    );
    using plan = await compile(sum);
    await using session = plan.open();
    const of = (n: number): Tensor => new Tensor('float32', new Float32Array(n).fill(2), [n]);
    assert.deepEqual((await session.run({ a: of(3), b: of(3) }))['y']!.size, 3);
    await assert.rejects(session.run({ a: of(3), b: of(1) }), code('HAIO_E_INPUT'));
  });

  it('refuses options that only a compile has', async () => {
    using plan = await compile(linear(8));
    await plan.save(at('linear.haio'));
    for (const options of [{ sizes: { n: 1 } }, { off: ['fuse-gelu'] }])
      await assert.rejects(load(at('linear.haio'), options), /compiled already/);
  });

  describe('that are damaged', () => {
    let good: Uint8Array;
    before(async () => {
      using plan = await compile(smallCnn());
      await plan.save(at('good.haio'));
      good = new Uint8Array(readFileSync(at('good.haio')));
    });
    const damaged = (change: (bytes: Uint8Array) => Uint8Array): string => {
      writeFileSync(at('bad.haio'), change(good.slice()));
      return at('bad.haio');
    };

    it('are refused when a table is', async () => {
      const weightsAt = new DataView(good.buffer).getFloat64(56, true);
      for (let i = 4; i < weightsAt; i += 1 + (i >> 3)) {
        const path = damaged((b) => b.fill(b[i]! ^ 0x40, i, i + 1));
        await assert.rejects(load(path), code('HAIO_E_PLAN'), `byte ${i}`);
      }
    });

    it('are refused when they end early', async () => {
      for (const length of [5, 63, 64, 100, 4096, good.length - 1])
        await assert.rejects(load(damaged((b) => b.subarray(0, length))), code('HAIO_E_PLAN'));
    });

    it('are found out by verify() when weights are', async () => {
      const check = async (path: string): Promise<void> => {
        using plan: Plan = await openPlan(path);
        await plan.verify();
      };
      await check(at('good.haio'));
      const end = good.length - 1;
      const path = damaged((b) => b.fill(b[end]! ^ 1, end));
      await assert.rejects(check(path), code('HAIO_E_PLAN'));
    });
  });

  it('leaves nothing half-written', async () => {
    using plan = await compile(linear(8));
    const nowhere = join(folder, 'no', 'such', 'folder.haio');
    await assert.rejects(plan.save(nowhere), code('HAIO_E_FILE'));
    await assert.rejects(plan.save(folder), code('HAIO_E_FILE'));
    assert.deepEqual(
      readdirSync(folder).filter((f) => f.endsWith('.tmp')),
      [],
    );
  });

  it('keeps sessions alive when the plan is released, and refuses the plan itself', async () => {
    const plan = await compile(linear(8));
    const session = plan.open({ threads: 1 });
    plan.release();
    plan.release();
    assert.throws(() => plan.open(), code('HAIO_E_RELEASED'));
    await assert.rejects(plan.save(at('x.haio')), code('HAIO_E_RELEASED'));
    await session.run({ x: new Tensor('float32', new Float32Array(8), [1, 8]) });
    await session.release();
  });
});

/** Quantizing models whole: what comes out, how near it is, and what is refused. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { main } from '../lib/cli/main.js';
import { writeNpy } from '../lib/cli/npy.js';
import { HaioError, Tensor, load, quantize } from '../lib/index.js';
import { encodeModel, graph, modelOf, node, valueInfo } from '../lib/onnx/export.js';
import { readModel } from '../lib/onnx/model.js';
import { cosine } from './models/minilm.js';
import { random } from './models/random.js';
import { smallCnn, tower } from './models/towers.js';

const code = (expected: string) => (e: unknown) => e instanceof HaioError && e.code === expected;
const counts = (model: Uint8Array): Record<string, number> => {
  const out: Record<string, number> = {};
  for (const { op_type } of readModel(model).graph.node) out[op_type] = (out[op_type] ?? 0) + 1;
  return out;
};
const noise = (seed: number, dims: readonly number[]): Tensor => {
  const t = random(seed).tensor(dims);
  return new Tensor('float32', t.data, dims);
};
const images = (count: number, side = 16): { x: Tensor }[] =>
  Array.from({ length: count }, (_, i) => ({ x: noise(i + 1, [1, 3, side, side]) }));
const rows = (count: number, width: number): { x: Tensor }[] =>
  Array.from({ length: count }, (_, i) => ({ x: noise(i + 1, [8, width]) }));

async function similarity(
  a: Uint8Array | string,
  b: Uint8Array,
  feeds: { x: Tensor },
): Promise<number> {
  await using first = await load(a);
  await using second = await load(b);
  const [x, y] = [await first.run(feeds), await second.run(feeds)];
  const numbers = (t: Tensor | undefined): Float64Array =>
    Float64Array.from(t!.data as Float32Array);
  return cosine(numbers(x['y']), numbers(y['y']));
}

/** Three products; what the second one's weight has of great values meets a zero of its input. */
function uneven(): Uint8Array {
  const r = random(5);
  const w = [0, 1, 2].map(() => r.tensor([32, 32], 0.2));
  const [before, spoilt] = [w[0]!.data as Float32Array, w[1]!.data as Float32Array];
  for (let i = 0; i < 32; i++) [before[32 * i], spoilt[i]] = [0, i % 2 === 0 ? 30 : -30];
  return encodeModel(
    modelOf(
      graph(
        [
          node('MatMul', ['x', 'w0'], ['a']),
          node('Relu', ['a'], ['b']),
          node('MatMul', ['b', 'w1'], ['c']),
          node('Tanh', ['c'], ['d']),
          node('MatMul', ['d', 'w2'], ['y']),
        ],
        [valueInfo('x', 'float32', ['n', 32])],
        [valueInfo('y', 'float32', ['n', 32])],
        { w0: w[0]!, w1: w[1]!, w2: w[2]! },
      ),
      13,
    ),
  );
}

describe('quantize', () => {
  const folder = mkdtempSync(join(tmpdir(), 'haio-quantize-'));
  const at = (name: string): string => join(folder, name);
  after(() => rmSync(folder, { recursive: true }));

  it('writes QDQ around convolutions, near the float model', async () => {
    const samples = images(8);
    const { model, report } = await quantize(smallCnn(), { calibration: samples, faster: false });
    const ops = counts(model);
    assert.equal(report.mode, 'static');
    assert.ok(ops['QuantizeLinear']! >= 3 && ops['DequantizeLinear']! >= 7, JSON.stringify(ops));
    assert.deepEqual(report.samples, { calibration: 6, heldBack: 2 });
    assert.ok(report.layers.length === 4 && report.layers.every((l) => l.quantized));
    assert.ok(report.accuracy!.cosine > 0.98, `${report.accuracy!.cosine}`);
    assert.ok((await similarity(smallCnn(), model, images(9)[8]!)) > 0.98);
  });

  for (const observer of ['percentile', 'entropy', 'mse'] as const)
    it(`takes ranges by ${observer}`, async () => {
      const { report } = await quantize(smallCnn(), {
        calibration: images(4),
        observer,
        faster: false,
      });
      assert.ok(report.accuracy!.cosine > 0.95, `${report.accuracy!.cosine}`);
    });

  it('takes async samples, symmetric and per-tensor ranges', async () => {
    const source = async function* (): AsyncGenerator<{ x: Tensor }> {
      for (const s of images(50)) yield await Promise.resolve(s);
    };
    const { report } = await quantize(smallCnn(), {
      calibration: source(),
      maxSamples: 4,
      symmetric: true,
      activations: 'int8',
      perChannel: false,
      faster: false,
    });
    assert.deepEqual(report.samples, { calibration: 3, heldBack: 1 });
    assert.ok(report.accuracy!.cosine > 0.95, `${report.accuracy!.cosine}`);
  });

  it('quantizes products as they come where there are no samples', async () => {
    const model = tower(64, 3);
    const { model: made, report } = await quantize(model);
    assert.equal(report.mode, 'dynamic');
    assert.equal(counts(made)['MatMulInteger'], 3);
    assert.ok(made.length < model.length / 3);
    assert.ok((await similarity(model, made, rows(1, 64)[0]!)) > 0.99);
  });

  it('stores weights alone in 8 bits', async () => {
    const model = tower(64, 3);
    const { model: made } = await quantize(model, { mode: 'weights8' });
    assert.ok(made.length < model.length / 3);
    assert.ok((await similarity(model, made, rows(1, 64)[0]!)) > 0.999);
  });

  it('leaves the layers in float that cost too much', async () => {
    const calibration = rows(8, 32);
    const plain = await quantize(uneven(), { calibration, faster: false });
    const bound = (1 + plain.report.accuracy!.cosine) / 2;
    const { model, report } = await quantize(uneven(), {
      calibration,
      faster: false,
      accuracy: { cosine: bound },
    });
    assert.ok(report.accuracy!.cosine >= bound);
    const left = report.layers.filter((l) => !l.quantized).map((l) => l.node);
    assert.ok(left.length >= 1 && left.length < 3, left.join());
    assert.ok(counts(model)['QuantizeLinear']! >= 1);
  });

  it('asks the caller whether it is good enough', async () => {
    const asked: number[] = [];
    const { report, model } = await quantize(tower(32, 2), {
      calibration: rows(4, 32),
      faster: false,
      accuracy: (a) => {
        asked.push(a.cosine);
        return false;
      },
    });
    assert.ok(asked.length >= 1 && asked.every((c) => c > 0.9));
    assert.match(report.notes.join(), /no choice of layers/);
    assert.deepEqual(model, tower(32, 2));
  });

  it('compares models whose weights lie in other files', async () => {
    const r = random(3);
    const weight = r.tensor([16, 16], 0.2);
    const inside = graph(
      [node('MatMul', ['x', 'w'], ['y'])],
      [valueInfo('x', 'float32', ['n', 16])],
      [valueInfo('y', 'float32', ['n', 16])],
    );
    const outside = {
      ...{ name: 'w', data_type: 1, dims: [16, 16], data_location: 1 },
      external_data: [{ key: 'location', value: 'w.bin' }],
    };
    writeFileSync(
      at('outside.onnx'),
      encodeModel(modelOf({ ...inside, initializer: [outside] }, 17)),
    );
    writeFileSync(at('w.bin'), new Uint8Array((weight.data as Float32Array).buffer));
    const { report, model } = await quantize(at('outside.onnx'), {
      calibration: rows(4, 16),
      faster: false,
    });
    assert.ok(report.accuracy!.cosine > 0.99);
    assert.ok((await similarity(at('outside.onnx'), model, rows(1, 16)[0]!)) > 0.99);
  });

  it('leaves out what is excluded', async () => {
    const { report } = await quantize(tower(32, 3), {
      calibration: rows(4, 32),
      exclude: ['h1'],
      faster: false,
    });
    assert.deepEqual(report.layers.map((l) => l.node).sort(), ['h2', 'y']);
  });

  it('says so where there is nothing to quantize', async () => {
    const empty = encodeModel(
      modelOf(
        graph(
          [node('Relu', ['x'], ['y'])],
          [valueInfo('x', 'float32', [4])],
          [valueInfo('y', 'float32', [4])],
        ),
        13,
      ),
    );
    const { model, report } = await quantize(empty);
    assert.deepEqual(model, empty);
    assert.match(report.notes.join(), /nothing to quantize/);
  });

  it('refuses what it cannot use', async () => {
    const model = tower(16, 1);
    await assert.rejects(quantize(model, { mode: 'static' }), code('HAIO_E_ARGUMENT'));
    await assert.rejects(quantize(model, { mode: 'best' as 'static' }), code('HAIO_E_ARGUMENT'));
    const wrong = [{ x: new Tensor('float32', [1, 2], [1, 2]) }];
    await assert.rejects(quantize(model, { calibration: wrong }), code('HAIO_E_INPUT'));
    const named = [{ z: noise(1, [1, 16]) }];
    await assert.rejects(quantize(model, { calibration: named }), code('HAIO_E_INPUT'));
    await assert.rejects(quantize(new Uint8Array([1, 2, 3])), code('HAIO_E_MODEL'));
    await assert.rejects(quantize(at('no.onnx')), code('HAIO_E_FILE'));
  });

  it('ends when it is told to', async () => {
    const stop = new AbortController();
    const work = quantize(smallCnn(), {
      calibration: images(64, 64),
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await assert.rejects(work, code('HAIO_E_ABORTED'));
    await assert.rejects(quantize(smallCnn(), { signal: stop.signal }), code('HAIO_E_ABORTED'));
  });

  describe('on the command line', () => {
    const haio = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
      const [out, err]: [string[], string[]] = [[], []];
      const exit = await main(
        args,
        (line) => out.push(line),
        (line) => err.push(line),
        () => undefined,
      );
      return { code: exit, out: out.join('\n'), err: err.join('\n') };
    };
    const data = random(9).tensor([6, 3, 16, 16]);
    before(() => {
      writeFileSync(at('cnn.onnx'), smallCnn());
      writeFileSync(at('x.npy'), writeNpy(data));
      writeFileSync(at('x.npz'), zipSync({ 'x.npy': writeNpy(data) }));
      const nested = (n: number): number[][][][] => [
        [0, 1, 2].map((c) =>
          Array.from({ length: 16 }, (_, i) => new Array<number>(16).fill(n + c + i)),
        ),
      ];
      writeFileSync(
        at('x.jsonl'),
        [0, 1, 2].map((n) => JSON.stringify({ x: nested(n) })).join('\n'),
      );
      writeFileSync(at('bad.jsonl'), '{"x": [[1], [2, 3]]}\n');
      writeFileSync(at('other.npz'), zipSync({ 'q.npy': writeNpy(data) }));
    });

    for (const file of ['x.npy', 'x.npz', 'x.jsonl'])
      it(`takes samples from ${file}`, async () => {
        const {
          code: exit,
          out,
          err,
        } = await haio(
          ...['quantize', at('cnn.onnx'), '-o', at('q.onnx'), '--data', at(file)],
          '--even-if-slower',
        );
        assert.deepEqual([exit, err], [0, '']);
        assert.match(out, /4 of 4 quantized/);
        assert.ok(counts(readFileSync(at('q.onnx')))['QuantizeLinear']! >= 3);
      });

    it('takes a folder of images', async () => {
      const root = new URL('../../', import.meta.url).pathname;
      const photos = join(root, 'bench', 'ocr');
      assert.ok(existsSync(join(photos, 'sample.png')));
      const { out, err } = await haio(
        ...['quantize', at('cnn.onnx'), '-o', at('q.onnx'), '--data', photos],
        ...['--image-size', '32x32', '--mean', '0.5', '--std', '0.5', '--even-if-slower', '--json'],
      );
      assert.equal(err, '');
      const report = JSON.parse(out) as { samples: { calibration: number } };
      assert.equal(report.samples.calibration, 1);
    });

    it('tells what is wrong with samples, and leaves nothing half-written', async () => {
      for (const [file, message] of [
        ['bad.jsonl', /no list of numbers/],
        ['other.npz', /'q' is no input/],
        ['cnn.onnx', /expected a folder/],
        ['nowhere.npz', /HAIO_E_FILE/],
      ] as const) {
        const { code: exit, err } = await haio(
          ...['quantize', at('cnn.onnx'), '-o', at('none.onnx'), '--data', at(file)],
        );
        assert.equal(exit, 1, file);
        assert.match(err, message);
      }
      const { code: exit } = await haio(
        'quantize',
        at('cnn.onnx'),
        '-o',
        at('no/such.onnx'),
        '--mode',
        'weights8',
      );
      assert.equal(exit, 1);
      assert.deepEqual(
        readdirSync(folder).filter((f) => f.startsWith('none') || f.endsWith('.tmp')),
        [],
      );
    });
  });
});

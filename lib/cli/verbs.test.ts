import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GALLERY } from '../../test/models/gallery.js';
import { loadAddon } from '../native/binding.js';
import { toNumbers } from '../tensor/tensor.js';
import { main } from './main.js';
import { readNpy, writeNpy } from './npy.js';

type Json = Record<string, unknown>;

/** The source of a runtime that gives `result` (an expression), whatever the model says. */
const OTHER = (result: string): string => `
export class Tensor { constructor(type, data, dims) { Object.assign(this, { type, data, dims }); } }
export const InferenceSession = { create: async () => ({ run: async ({ x }) => (${result}) }) };
`;

describe('verbs that run models', () => {
  const folder = mkdtempSync(join(tmpdir(), 'haio-verbs-'));
  const at = (name: string): string => join(folder, name);
  const [mlp, branches] = [at('mlp.onnx'), at('branches.onnx')];
  const isas = loadAddon()
    .inspect()
    .isas.filter((i) => i.usable && i.width)
    .map((i) => i.name);

  before(() => {
    writeFileSync(mlp, GALLERY['mlp']!().bytes);
    writeFileSync(branches, GALLERY['branches']!().bytes);
    writeFileSync(at('x.npy'), writeNpy(GALLERY['mlp']!().inputs['x']!));
  });
  const cache = process.env['HAIO_CACHE'];
  before(() => (process.env['HAIO_CACHE'] = folder));
  after(() => {
    if (cache === undefined) delete process.env['HAIO_CACHE'];
    else process.env['HAIO_CACHE'] = cache;
    rmSync(folder, { recursive: true });
  });

  const run = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    const out: string[] = [];
    const err: string[] = [];
    const code = await main(
      args,
      (line) => out.push(line),
      (line) => err.push(line),
      () => undefined,
    );
    return { code, out: out.join('\n'), err: err.join('\n') };
  };
  const json = async <T = Json>(...args: string[]): Promise<T> => {
    const { code, out, err } = await run(...args, '--json');
    assert.deepEqual([code, err], [0, '']);
    return JSON.parse(out) as T;
  };

  describe('cost', () => {
    it('predicts each step, and the whole', async () => {
      const { layers, milliseconds } = await json<{
        layers: { kernel: string; milliseconds: number; share: number }[];
        milliseconds: number;
      }>('cost', mlp, '--threads', '1');
      assert.ok(layers.some((l) => l.kernel.startsWith('gemm.')));
      assert.ok(layers.every((l) => l.milliseconds > 0 && l.share > 0 && l.share < 1));
      const sum = layers.reduce((s, l) => s + l.milliseconds, 0);
      assert.ok(milliseconds > sum && milliseconds < sum + 1);
    });

    it('shows a table, also of a compiled model', async () => {
      const file = at('cost.haio');
      assert.equal((await run('compile', mlp, '-o', file)).code, 0);
      for (const path of [mlp, file]) {
        const { code, out } = await run('cost', path);
        assert.equal(code, 0);
        assert.match(out, /FLOP\/B .*kernel/);
        assert.match(out, /ms a run, .* GFLOP, .* mJ/);
      }
    });

    it('is compared with runs by bench --cost', async () => {
      const [measured] = await json<{ predicted: { milliseconds: number; tau: number } }[]>(
        ...['bench', mlp, '--cost', '--runs', '3'],
      );
      assert.ok(measured!.predicted.milliseconds > 0 && Math.abs(measured!.predicted.tau) <= 1);
    });
  });

  describe('predict and capacity', () => {
    it('predict runs on other machines, and on one whose profile is in a file', async () => {
      type Row = { target: string; milliseconds: number; throughput: number; memory: number };
      const rows = await json<Row[]>('predict', mlp, '--threads', '1');
      assert.ok(rows.length >= 12);
      assert.ok(rows.every((r) => r.milliseconds > 0 && r.throughput > 0 && r.memory > 0));
      await json('cost', mlp);
      const own = readdirSync(folder).find((f) => f.startsWith('hardware-'))!;
      const [row] = await json<Row[]>('predict', mlp, '--target', at(own));
      assert.ok(row!.milliseconds > 0);
      const { code, out } = await run('predict', mlp, '--target', 'zen4');
      assert.equal(code, 0);
      assert.match(out, /^zen4 +avx512vnni/m);
      assert.match(out, /not measured.*sapphire-rapids, with a median error of 10 %/);
      const { err } = await run('predict', mlp, '--target', 'z80');
      assert.match(err, /z80.*haswell/);
    });

    it('tell the cores that a load needs, or that none is fast enough', async () => {
      type Need = { target: string; need: { cores: number; p99: number; perMillion: number } };
      const load = ['--p99', '50', '--price', '0.04', '--target', 'haswell'];
      const [few] = await json<Need[]>('capacity', mlp, '--rps', '10', ...load);
      const [many] = await json<Need[]>('capacity', mlp, '--rps', '9000000', ...load);
      assert.ok(few!.need.p99 <= 50 && many!.need.p99 <= 50);
      assert.ok(many!.need.cores > few!.need.cores && few!.need.perMillion > 0);
      const { code, out } = await run('capacity', mlp, '--rps', '10', '--p99', '0.000001');
      assert.equal(code, 1);
      assert.match(out, /too slow/);
    });

    it('bench every ISA of this CPU', async () => {
      const rows = await json<{ isa: string }[]>('bench', mlp, '--isa', 'all', '--runs', '2');
      const usable = loadAddon()
        .inspect()
        .isas.filter((i) => i.usable);
      assert.equal(rows.length, usable.length);
    });
  });

  describe('run', () => {
    it('shows each output', async () => {
      const { code, out, err } = await run('run', mlp, '--input', `x=${at('x.npy')}`);
      assert.deepEqual([code, err], [0, '']);
      assert.match(out, /^y {2}float32\[3,4\] {2}min \S+ {2}max \S+ {2}mean 0\.25 +\[.*, …\]$/);
    });

    it('writes outputs as files', async () => {
      const out = at('results');
      await run('run', mlp, '--input', `x=${at('x.npy')}`, '--out', out);
      assert.deepEqual(readdirSync(out), ['y.npy']);
      const y = readNpy(readFileSync(join(out, 'y.npy')), 'y.npy');
      assert.deepEqual(y.shape, [3, 4]);
      const sum = toNumbers(y).reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(sum - 3) < 1e-5);
    });

    it('makes inputs of any size, the same on every ISA and for every number of threads', async () => {
      const first = (of: Json): readonly number[] =>
        (of['outputs'] as { shape: number[]; first: number[] }[])[0]!.first;
      const reference = await json('run', mlp, '--size', 'batch=5', '--isa', isas[0]!);
      const [output] = reference['outputs'] as { name: string; shape: number[] }[];
      assert.deepEqual([output!.name, output!.shape], ['y', [5, 4]]);
      for (const isa of isas) {
        const other = await json('run', mlp, '--size', 'batch=5', '--isa', isa, '--threads', '2');
        first(other).forEach((v, i) => assert.ok(Math.abs(v - first(reference)[i]!) < 1e-5));
      }
      const seeded = await json('run', mlp, '--size', 'batch=5', '--seed', '9');
      assert.notDeepEqual(first(seeded), first(reference));
    });

    it('runs models whose graph depends on an input', async () => {
      const args = ['run', branches, '--input', 'x=float32[2,3]:ones', '--input'];
      const { outputs: fast } = await json(...args, 'rate=16000');
      const { outputs: slow } = await json(...args, 'rate=8000');
      const firsts = [fast, slow].map((o) => (o as { first: number[] }[])[0]!.first[0]!);
      assert.ok(Math.abs(firsts[0]! - Math.exp(-2)) < 1e-6);
      assert.ok(Math.abs(firsts[1]! - Math.E) < 1e-5);
    });

    it('tells what is wrong', async () => {
      for (const [code, ...args] of [
        ['HAIO_E_NAME', '--input', 'z=1'],
        ['HAIO_E_NAME', '--size', 'length=1'],
        ['HAIO_E_INPUT', '--input', 'x=float32[3,7]'],
        ['HAIO_E_INPUT', '--input', 'x=float64[3,6]'],
        ['HAIO_E_ISA', '--isa', 'abacus'],
        ['HAIO_E_ARGUMENT', '--out', at('x.npy')],
      ] as const) {
        const { code: exit, err, out } = await run('run', mlp, ...args);
        assert.deepEqual([exit, out], [1, ''], args.join(' '));
        assert.match(err, new RegExp(`^haio: .*\\(${code}\\)$`), args.join(' '));
      }
      const { code, err } = await run('run', mlp, '--threads', '0');
      assert.equal(code, 2);
      assert.match(err, /at least 1/);
    });
  });

  describe('explain', () => {
    it('shows passes, steps and memory', async () => {
      const { code, out } = await run('explain', mlp, '--size', 'batch=2');
      assert.equal(code, 0);
      assert.match(out, /^fold-into-gemm +\d+ → \d+ nodes/m);
      assert.match(out, /^ *\d+ +gemm\.f32 .*f32\[2,8\]/m);
      assert.match(out, /^arena .*scratch/m);
      assert.match(out, /^weights /m);
    });

    it('leaves passes out and stops after one', async () => {
      const steps = async (...args: string[]): Promise<number> => {
        const { regions } = await json<{ regions: { steps: Json[] }[] }>('explain', mlp, ...args);
        return regions[0]!.steps.length;
      };
      const all = await steps();
      assert.ok((await steps('--off', 'fold-into-gemm')) > all);
      assert.ok((await steps('--stop-after', 'fold-constants')) > all);
      const { code, err } = await run('explain', mlp, '--stop-after', 'magic');
      assert.equal(code, 1);
      assert.match(err, /HAIO_E_NAME/);
    });

    it('asks for what the graph depends on', async () => {
      const { code, err } = await run('explain', branches);
      assert.equal(code, 1);
      assert.match(err, /--value 'rate=…'.*\(HAIO_E_ARGUMENT\)$/);
      assert.equal((await run('explain', branches, '--value', 'rate=1')).code, 0);
    });
  });

  describe('compile', () => {
    it('sums up', async () => {
      const { code, out } = await run('compile', mlp);
      assert.equal(code, 0);
      for (const line of [
        /^nodes +4 in the model, \d+ imported, \d+ optimized$/m,
        /^steps +\d+ in a run, \d+ done once while compiling$/m,
        /^open sizes batch$/m,
        /^time .*import .*optimize .*plan/m,
      ])
        assert.match(out, line);
    });

    it('writes a file that the other verbs take', async () => {
      const file = at('mlp.haio');
      const { code, out } = await run('compile', mlp, '-o', file);
      assert.equal(code, 0);
      assert.match(out, /written +.*mlp\.haio/);
      const input = `x=${at('x.npy')}`;
      assert.deepEqual(
        await run('run', file, '--input', input),
        await run('run', mlp, '--input', input),
      );
      assert.match((await run('explain', file)).out, /steps, about/);
      const bad = await run('compile', mlp, '-o', at('no/such/mlp.haio'));
      assert.equal(bad.code, 1);
      assert.match(bad.err, /HAIO_E_FILE/);
    });

    it('names the nodes left to JavaScript', async () => {
      writeFileSync(at('odd.onnx'), GALLERY['odd']!().bytes);
      const { hostNodes, steps } = await json(
        ...['compile', at('odd.onnx'), '--size', 'rows=4', '--size', 'columns=6'],
      );
      assert.match((hostNodes as string[]).join(), /NonZero/);
      assert.equal(typeof steps, 'number');
    });
  });

  describe('bench', () => {
    it('measures every ISA and number of threads', async () => {
      const list = await json<Json[]>(
        ...['bench', mlp, '--runs', '12', '--threads', '1,2'],
        ...['--isa', isas.join(','), '--concurrency', '3'],
      );
      assert.deepEqual(
        list.map((m) => [m['isa'], m['threads'], m['runs']]),
        isas.flatMap((isa) => [1, 2].map((n) => [isa, n, 12])),
      );
      for (const m of list as Record<string, number>[])
        assert.ok(0 < m['min']! && m['median']! <= m['p90']! && m['p90']! <= m['p99']!);
    });

    it('makes a table', async () => {
      const { out } = await run('bench', mlp, '--seconds', '0', '--isa', isas[0]!);
      assert.match(out, /^isa +threads +runs +median +p90 +p99 +least +runs\/s\n\S+ +\d+ +1 /);
    });
  });

  describe('compare', () => {
    const drop = fileURLToPath(new URL('../ort/index.js', import.meta.url));

    it('finds that equal runtimes agree, and takes their times', async () => {
      const args = ['compare', mlp, '--with', drop, '--threads', '1', '--turns', '2', '--ms', '1'];
      const { code, out, err } = await run(...args);
      assert.deepEqual([code, err], [0, '']);
      assert.match(out, /^y +0\.00e\+0 +0\.00e\+0 +1\.0000000 +0 of 4$/m);
      assert.match(out, /^all outputs agree/m);
      assert.match(out, /^ratio +\d+\.\d+×/m);
      const { timing, ok } = await json(...args);
      assert.equal(ok, true);
      assert.ok((timing as { ratio: number }).ratio > 0);
    });

    it('fails when outputs differ', async () => {
      const quarter = 'new Tensor("float32", Float32Array.of(0.25, 0.25, 0.25, 0.25), [1, 4])';
      for (const [file, result, message] of [
        ['far.mjs', `{ y: ${quarter} }`, /^outputs differ: y/m],
        ['none.mjs', '{}', /no tensor/],
        ['shape.mjs', '{ y: new Tensor("float32", new Float32Array(4), [4]) }', /float32\[4\]/],
      ] as const) {
        writeFileSync(at(file), OTHER(result));
        const args = ['compare', mlp, '--with', at(file), '--turns', '0'];
        const { code, out, err } = await run(...args);
        assert.deepEqual([code, err], [1, ''], file);
        assert.match(out, message);
      }
      const loose = ['--with', at('far.mjs'), '--turns', '0', '--atol', '1'];
      assert.equal((await run('compare', mlp, ...loose)).code, 0);
    });

    it('says when the other runtime is not there or does not work', async () => {
      writeFileSync(at('empty.mjs'), 'export const nothing = 1;');
      writeFileSync(at('throws.mjs'), OTHER('(() => { throw new Error("out of luck"); })()'));
      for (const [name, message] of [
        ['no-such-runtime', /npm install no-such-runtime/],
        [at('empty.mjs'), /exports no InferenceSession/],
        [at('throws.mjs'), /out of luck/],
      ] as const) {
        const { code, err } = await run('compare', mlp, '--with', name, '--turns', '0');
        assert.equal(code, 1);
        assert.match(err, message);
        assert.match(err, /^haio: .*\(HAIO_E_ARGUMENT\)$/);
      }
    });
  });

  describe('doctor', () => {
    it('finds the machine and its kernels in order', async () => {
      const { code, out, err } = await run('doctor');
      assert.deepEqual([code, err], [0, '']);
      for (const line of [/^addon +.*\.node$/m, /^platform +\w+-\w+/m, /^cores +\d+ online/m])
        assert.match(out, line);
      for (const isa of isas) assert.match(out, new RegExp(`${isa} fine`));
    });

    it('writes JSON', async () => {
      const about = await json('doctor');
      assert.ok(existsSync(about['addon'] as string));
      assert.deepEqual(Object.keys(about['selfTest'] as object).sort(), [...isas].sort());
    });
  });

  it('has an example in the help of every verb', async () => {
    for (const verb of ['run', 'inspect', 'explain', 'compile', 'bench', 'compare', 'doctor']) {
      const { code, out } = await run(verb, '--help');
      assert.equal(code, 0);
      assert.match(out, new RegExp(`Examples?:\\n  haio ${verb}`), verb);
    }
  });
});

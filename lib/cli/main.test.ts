import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeModel, graph, modelOf, node, valueInfo } from '../onnx/export.js';
import { fromNumbers } from '../tensor/tensor.js';
import { main } from './main.js';

describe('command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'haio-cli-'));
  const path = join(folder, 'm.onnx');
  const steered = join(folder, 'steered.onnx');
  before(() => {
    const x = valueInfo('x', 'float32', ['n', 2]);
    const y = valueInfo('y', 'float32', ['n', 2]);
    const simple = graph([node('Relu', ['x'], ['a']), node('Add', ['a', 'w'], ['y'])], [x], [y], {
      w: fromNumbers('float32', [2], [1, 2]),
    });
    writeFileSync(path, encodeModel(modelOf(simple, 17)));
    const branch = (op: string): { graph: ReturnType<typeof graph> } => ({
      graph: graph([node(op, ['x'], ['b'])], [], [valueInfo('b', 'float32')]),
    });
    const choice = graph(
      [
        node('Equal', ['rate', 'k'], ['c']),
        node('If', ['c'], ['y'], { then_branch: branch('Neg'), else_branch: branch('Abs') }),
      ],
      [x, valueInfo('rate', 'int64', [])],
      [y],
      { k: fromNumbers('int64', [], [8]) },
    );
    writeFileSync(steered, encodeModel(modelOf(choice, 17)));
  });
  after(() => rmSync(folder, { recursive: true }));

  const run = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    const out: string[] = [];
    const err: string[] = [];
    const code = await main(
      args,
      (line) => out.push(line),
      (line) => err.push(line),
    );
    return { code, out: out.join('\n'), err: err.join('\n') };
  };

  it('shows what a model is made of', async () => {
    const { code, out, err } = await run('inspect', path);
    assert.deepEqual([code, err], [0, '']);
    for (const line of [
      /^opsets +ai\.onnx 17$/m,
      /^inputs +x: float32\[n, 2\]$/m,
      /^outputs +y: float32\[n, 2\]$/m,
      /^nodes +2 in the model, 2 imported/m,
      /^weights +2 elements in 1 tensors/m,
      /^imported +Add 1, Relu 1$/m,
    ])
      assert.match(out, line);
  });

  it('prints the graph before and after, with sizes fixed', async () => {
    const { out } = await run('inspect', path, '--graph', 'both', '--size', 'n=3');
    assert.match(out, /input x: float32\[3,2\]\n%1 = Relu\(x\)/);
    assert.equal(out.match(/^output y = /gm)?.length, 2);
  });

  it('writes JSON for programs', async () => {
    const { out } = await run('inspect', path, '--json');
    const { nodes, inputs, weights } = JSON.parse(out) as Record<string, unknown>;
    assert.equal((nodes as { model: number }).model, 2);
    assert.deepEqual(inputs, [{ name: 'x', dtype: 'float32', shape: ['n', 2] }]);
    assert.deepEqual(weights, { tensors: 1, elements: 2, bytes: 8 });
  });

  it('says what a graph depends on, and takes it', async () => {
    const without = await run('inspect', steered);
    assert.equal(without.code, 1);
    assert.match(without.err, /--value 'rate=…'/);
    const { out } = await run('inspect', steered, '--value', 'rate=8');
    assert.match(out, /^imported +Neg 1$/m);
    const { out: other } = await run('inspect', steered, '--value', 'rate=9');
    assert.match(other, /^imported +Abs 1$/m);
    for (const value of ['rate=1,2', 'other=1'])
      assert.equal((await run('inspect', steered, '--value', value)).code, 1);
  });

  it('tells errors of the model from wrong usage', async () => {
    const missing = await run('inspect', join(folder, 'none.onnx'));
    assert.equal(missing.code, 1);
    assert.match(missing.err, /^haio: cannot read .*none\.onnx.*\(HAIO_E_FILE\)$/);
    for (const args of [
      ['inspect'],
      ['fly'],
      ['inspect', path, '--size', 'n'],
      ['inspect', path, '--size', 'n=x'],
    ]) {
      const { code, err } = await run(...args);
      assert.equal(code, 2, args.join(' '));
      assert.notEqual(err, '');
    }
  });

  it('gives help and its version', async () => {
    const help = await run('--help');
    assert.deepEqual([help.code, help.err], [0, '']);
    assert.match(help.out, /inspect/);
    assert.match((await run('--version')).out, /^\d+\.\d+\.\d+/);
  });
});

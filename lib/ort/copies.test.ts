import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { pair } from '../../test/ort/models.js';

const register = fileURLToPath(new URL('./register.js', import.meta.url));
const common = join(
  dirname(createRequire(import.meta.url).resolve('onnxruntime-common')),
  '..',
  '..',
);

/** Runs the model of the folder by whatever backend is there, and prints a result. */
const APP = `
  const { readFileSync } = process.getBuiltinModule('node:fs');
  async function run({ InferenceSession, Tensor }, options) {
    const session = await InferenceSession.create(readFileSync('model.onnx'), options);
    const t = new Tensor('float32', Float32Array.of(1, 2, 3), [1, 3]);
    const { sum } = await session.run({ a: t, b: t });
    console.log(sum.data.join());
  }`;

describe('haio/register', () => {
  const folder = mkdtempSync(join(tmpdir(), 'haio-register-'));
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  /** Runs a file of the folder; its output, and a check that it warned of nothing. */
  const run = (file: string): string => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--import', pathToFileURL(register).href, file],
      { cwd: folder, encoding: 'utf8' },
    );
    assert.equal(stderr.replaceAll(/^.*(ExperimentalWarning|trace-warnings).*\n/gm, ''), '');
    assert.equal(status, 0);
    return stdout;
  };
  before(() => {
    writeFileSync(join(folder, 'model.onnx'), pair());
    // a copy of its own, and another one that a package brings
    const nested = 'node_modules/onnxruntime-node';
    for (const to of ['node_modules', `${nested}/node_modules`])
      cpSync(common, join(folder, to, 'onnxruntime-common'), { recursive: true });
    put(`${nested}/package.json`, '{"name":"onnxruntime-node","main":"index.js"}');
    put(
      `${nested}/index.js`,
      `const common = require('onnxruntime-common');
       const none = { init: async () => {}, createInferenceSessionHandler: async () => { throw new Error('the wrong one'); } };
       common.registerBackend('cpu', none, 100);
       module.exports = common;`,
    );
  });
  after(() => rmSync(folder, { recursive: true }));

  it('comes before onnxruntime-node in all copies of onnxruntime-common', () => {
    put(
      'app.mjs',
      `import * as esm from 'onnxruntime-common';
       import node from 'onnxruntime-node';
       import { createRequire } from 'node:module';
       const cjs = createRequire(import.meta.url)('onnxruntime-common');
       if (cjs.Tensor === node.Tensor || cjs.Tensor === esm.Tensor) throw new Error('one copy');
       ${APP}
       for (const ort of [esm, cjs, node])
         for (const executionProviders of [[], ['cpu'], ['haio'], ['haio', 'cpu']])
           await run(ort, { executionProviders });`,
    );
    assert.equal(run('app.mjs'), '2,4,6\n'.repeat(12));
  });

  it('works for CommonJS applications', () => {
    put('app.cjs', `${APP}\nrun(require('onnxruntime-node'));`);
    assert.equal(run('app.cjs'), '2,4,6\n');
  });

  it('lets an application go on that has no onnxruntime', () => {
    put('alone.mjs', "console.log('fine');");
    assert.equal(run(relative(folder, join(folder, 'alone.mjs'))), 'fine\n');
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { externalFiles, openModel } from './files.js';

describe('files of a model', () => {
  const root = mkdtempSync(join(tmpdir(), 'haio-files-'));
  const model = join(root, 'models', 'm.onnx');
  before(() => {
    for (const folder of ['models/sub', 'blobs', 'links'])
      mkdirSync(join(root, folder), { recursive: true });
    const files = {
      'models/m.onnx': 'm',
      'models/w.bin': 'w',
      'models/sub/s.bin': 's',
      'secret.bin': 'x',
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
    for (const name of ['m', 'd']) writeFileSync(join(root, 'blobs', name), name);
    symlinkSync('../secret.bin', join(root, 'models', 'trap.bin'));
    symlinkSync('..', join(root, 'models', 'up'));
    symlinkSync('../blobs/m', join(root, 'links', 'm.onnx'));
    symlinkSync('../blobs/d', join(root, 'links', 'm.data'));
  });
  after(() => rmSync(root, { recursive: true }));

  it('reads files beside the model, each once', () => {
    let reads = 0;
    const read = externalFiles(model, (path) => {
      reads++;
      return Buffer.from(path);
    });
    assert.match(Buffer.from(read('w.bin')).toString(), /models.w\.bin$/);
    assert.equal(read('w.bin'), read('w.bin'));
    assert.equal(reads, 1);
    assert.equal(Buffer.from(externalFiles(model)('sub/s.bin')).toString(), 's');
    assert.equal(Buffer.from(openModel(model).bytes).toString(), 'm');
  });

  it('follows links only to where the model itself lies', () => {
    assert.equal(
      Buffer.from(externalFiles(join(root, 'links', 'm.onnx'))('m.data')).toString(),
      'd',
    );
    for (const location of ['trap.bin', 'up/secret.bin', '../secret.bin'])
      assert.throws(() => externalFiles(model)(location), { code: 'HAIO_E_FILE' });
  });

  it('says which file is missing', () => {
    assert.throws(() => externalFiles(model)('none.bin'), /none\.bin.*ENOENT/);
    assert.throws(() => openModel(join(root, 'none.onnx')), /none\.onnx.*ENOENT/);
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SOFTMAX, softmaxRow, softmaxWords, weightWords } from '../../test/plan-words.js';
import { loadAddon } from './binding.js';
import type { NativeFailure, RunResult } from './types.js';

const addon = loadAddon();
const AT_ONCE = { model: 0, isa: '', threads: 1 };

const failsWith = (code: NativeFailure['code'], reason: RegExp) => (e: unknown) => {
  assert.ok(e instanceof Error);
  const native = e as Error & NativeFailure;
  assert.equal(native.code, code);
  assert.match(native.reason, reason);
  return true;
};
const ramp = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(i));

function assertSoftmax(x: Float32Array, y: Float32Array, columns: number): void {
  for (let at = 0; at < x.length; at += columns)
    softmaxRow(x.subarray(at, at + columns)).forEach((v, i) => {
      assert.ok(Math.abs(v - y[at + i]!) < 1e-6, `element ${at + i}`);
    });
}

describe('addon: inspect', () => {
  const seen = addon.inspect();
  it('tells CPU, caches and cores', () => {
    assert.equal(seen.arch, process.arch);
    assert.ok(seen.features.length > 0);
    assert.ok(seen.cores.usable >= 1 && seen.cores.usable <= seen.cores.online);
    for (const c of seen.caches) assert.ok(c.level >= 1 && c.bytes >= 1024 && c.sharedBy >= 1);
  });
  it('lists ISAs that build on each other, portable usable everywhere', () => {
    const names = seen.isas.map((i) => i.name);
    assert.equal(new Set(names).size, names.length);
    assert.ok(seen.isas.some((i) => i.name === 'portable' && i.usable && i.width));
    for (const isa of seen.isas) {
      assert.equal(isa.usable, isa.missing.length === 0);
      assert.ok(isa.base === '' || names.includes(isa.base));
      assert.ok(isa.width || isa.base !== '');
    }
  });
  it('lists kernels with signatures, one row a name and ISA', () => {
    const keys = seen.ops.map((o) => `${o.isa} ${o.name}`);
    assert.equal(new Set(keys).size, keys.length);
    assert.ok(
      seen.ops.some((o) => o.name === 'softmax.f32' && o.step && o.signature === 'axis:i32'),
    );
    for (const o of seen.ops) {
      assert.ok(o.step || o.stage, o.name);
      assert.match(o.signature, /^(\w+:(i32|i64|f32|f64)(,\w+:(i32|i64|f32|f64))*)?$/);
    }
    for (const g of seen.gemm) assert.ok(g.mr >= 1 && g.panels >= 1);
  });
});

describe('addon: execute', () => {
  it('computes the same on every usable ISA', () => {
    const x = ramp(5 * 37);
    for (const isa of addon.inspect().isas.filter((i) => i.usable)) {
      const y = new Float32Array(x.length);
      const result = addon.execute(softmaxWords(5, 37), SOFTMAX, [x], [y], {
        ...AT_ONCE,
        isa: isa.name,
      });
      assert.equal(result.code, 0);
      assertSoftmax(x, y, 37);
    }
  });
  it('refuses an ISA that is not there, naming the usable ones', () => {
    const run = (): RunResult =>
      addon.execute(softmaxWords(1, 1), SOFTMAX, [], [], { ...AT_ONCE, isa: 'mmx9' });
    assert.throws(run, failsWith('isa', /^mmx9: no such ISA; usable: .*portable/));
  });
  it('refuses a plan with the record and the kernel in the reason', () => {
    const words = softmaxWords(4, 8);
    words[words.length - 7] = 99;
    const run = (): RunResult =>
      addon.execute(words, SOFTMAX, [new Float32Array(32)], [new Float32Array(32)], AT_ONCE);
    assert.throws(run, failsWith('plan', /record 0 \(softmax\.f32\): /));
    assert.throws(
      () => addon.execute(softmaxWords(1, 4), ['softmax.f32|axes:i32'], [], [], AT_ONCE),
      failsWith(
        'plan',
        /kernel 'softmax\.f32' has the parameters \(axis:i32\), the plan has \(axes:i32\)/,
      ),
    );
  });
  it('reads weights from a model and writes into a model', () => {
    const id = addon.modelCreate(8192);
    const x = ramp(16);
    addon.modelWrite(id, 4096, new Uint8Array(x.buffer));
    const words = weightWords(2, 8, 4096);
    const target = { model: id, offset: 64, bytes: 64 };
    const result = addon.execute(words, SOFTMAX, [], [target], { ...AT_ONCE, model: id });
    assert.equal(result.code, 0);
    assertSoftmax(x, new Float32Array(addon.modelRead(id, 64, 64).buffer), 8);
    assert.throws(
      () =>
        addon.execute(words, SOFTMAX, [], [{ ...target, offset: 8192 - 32 }], {
          ...AT_ONCE,
          model: id,
        }),
      failsWith('argument', /output 0: expected a range of 8192 bytes/),
    );
    addon.modelRelease(id);
  });
});

describe('addon: models', () => {
  it('counts holders and forgets at zero', () => {
    const id = addon.modelCreate(100);
    addon.modelRetain(id);
    addon.modelRelease(id);
    assert.equal(addon.modelBytes(id), 100);
    assert.deepEqual(addon.modelRead(id, 90, 10), new Uint8Array(10));
    addon.modelRelease(id);
    for (const use of ['modelBytes', 'modelRetain', 'modelRelease'] as const)
      assert.throws(() => addon[use](id), failsWith('argument', /expected the id of a model/));
  });
  it('checks ranges', () => {
    const id = addon.modelCreate(100);
    const range = failsWith('argument', /expected a range of 100 bytes/);
    assert.throws(() => addon.modelWrite(id, 98, new Uint8Array(3)), range);
    assert.throws(() => addon.modelRead(id, 2 ** 53, 3), range);
    assert.throws(() => addon.modelRead(id, -1, 3), failsWith('argument', /offset: expected/));
    addon.modelRelease(id);
    assert.throws(() => addon.modelCreate(2 ** 52), failsWith('memory', /cannot allocate/));
  });
});

describe('addon: files', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'haio-'));
    writeFileSync(join(folder, 'some'), 'content');
    writeFileSync(join(folder, 'empty'), '');
  });
  after(() => rmSync(folder, { recursive: true }));

  it('maps a file copy-on-write', () => {
    const path = join(folder, 'some');
    const bytes = addon.mapFile(path);
    assert.equal(Buffer.from(bytes).toString(), 'content');
    bytes[0] = 0x43;
    assert.equal(Buffer.from(bytes).toString(), 'Content');
    assert.equal(readFileSync(path, 'utf8'), 'content');
    assert.equal(addon.mapFile(join(folder, 'empty')).length, 0);
  });
  it('opens a file as a model', () => {
    const id = addon.modelOpen(join(folder, 'some'));
    assert.equal(Buffer.from(addon.modelRead(id, 3, 4)).toString(), 'tent');
    addon.modelRelease(id);
    const empty = addon.modelOpen(join(folder, 'empty'));
    assert.equal(addon.modelBytes(empty), 0);
    addon.modelRelease(empty);
  });
  it('says which file cannot be read and why', () => {
    const path = join(folder, 'absent');
    for (const open of ['mapFile', 'modelOpen'] as const) {
      assert.throws(
        () => addon[open](path),
        (e: NativeFailure) => {
          assert.equal(e.path, path);
          return failsWith('file', /No such file/)(e);
        },
      );
      assert.throws(() => addon[open](folder), failsWith('file', /not a regular file/));
    }
  });
});

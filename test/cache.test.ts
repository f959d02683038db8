/** Compiles kept on disk: found again, made anew where anything changed, harmless where damaged. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HaioError, type LoadOptions, Tensor, load } from '../lib/index.js';
import { linear, tower } from './models/towers.js';
import { random } from './models/random.js';

const x = new Tensor('float32', random(5).tensor([3, 24]).data, [3, 24]);

describe('compiles kept on disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'haio-cache-'));
  const cache = join(folder, 'kept');
  const path = join(folder, 'model.onnx');
  after(async () => {
    // the worker may still be keeping what was compiled last
    for (let i = 0; existsSync(folder) && i < 100; i++) {
      try {
        rmSync(folder, { recursive: true, force: true });
      } catch {
        // not empty again
      }
      await new Promise((resume) => setTimeout(resume, 20));
    }
  });

  /** The result, and whether it was compiled. */
  async function run(
    options: LoadOptions = {},
    model: string | Uint8Array = path,
  ): Promise<{ y: Tensor; compiled: boolean }> {
    let compiled = false;
    const onProgress = (): void => void (compiled = true);
    const session = await load(model, { cache, ...options, onProgress });
    const { y } = await session.run({ x });
    await session.release();
    return { y: y!, compiled };
  }
  const entries = (end: string): string[] => readdirSync(cache).filter((f) => f.endsWith(end));
  /** Waits until so many entries are there. */
  async function kept(count: number): Promise<void> {
    for (let i = 0; i < 500; i++) {
      try {
        if (entries('.json').length >= count) return;
      } catch {
        // no folder yet
      }
      await new Promise((resume) => setTimeout(resume, 10));
    }
    assert.fail(`no ${count} entries: ${entries('').join(' ')}`);
  }

  it('are found by path, and give the same bits', async () => {
    writeFileSync(path, linear(24));
    const first = await run();
    assert.ok(first.compiled);
    await kept(1);
    const second = await run();
    assert.ok(!second.compiled);
    assert.deepEqual(second.y, first.y);
    assert.deepEqual(entries('.tmp'), []);
  });

  it('are made anew for another model, option or content', async () => {
    assert.ok((await run({ off: ['fuse-chains'] })).compiled);
    await kept(2);
    assert.ok((await run({ isa: 'portable' })).compiled);
    await kept(3);
    writeFileSync(path, tower(24, 2));
    assert.ok((await run()).compiled);
    await kept(4);
    assert.ok(!(await run()).compiled);
  });

  it('are found by the content of bytes', async () => {
    assert.ok((await run({}, linear(24))).compiled);
    await kept(5);
    assert.ok(!(await run({}, linear(24))).compiled);
  });

  it('that are damaged are made anew', async () => {
    const expected = await run();
    for (const end of ['.json', '.haio'])
      for (const edit of [(b: Buffer) => b.subarray(0, b.length >> 1), flipped]) {
        for (const name of entries(end))
          writeFileSync(join(cache, name), edit(readFileSync(join(cache, name))));
        const again = await run();
        assert.deepEqual(again.y, expected.y);
        assert.ok(again.compiled, `${end} ${edit.name}`);
        await untilFound();
      }
  });
  const flipped = (b: Buffer): Buffer => {
    const copy = Buffer.from(b);
    for (let i = 0; i < 40; i++) copy[(i * 7919) % Math.min(copy.length, 4000)]! ^= 0x5a;
    return copy;
  };
  async function untilFound(): Promise<void> {
    for (let i = 0; i < 200; i++) {
      if (!(await run()).compiled) return;
      await new Promise((resume) => setTimeout(resume, 10));
    }
    assert.fail('was not kept again');
  }

  it('go to a folder, and to nothing else', async () => {
    for (const wrong of [5, '', null, {}])
      await assert.rejects(
        load(path, { cache: wrong as never }),
        (e) => e instanceof HaioError && e.code === 'HAIO_E_ARGUMENT' && /cache/.test(e.message),
      );
  });

  it('are no trouble where nothing can be written', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    assert.ok((await run({ cache: join(file, 'kept') })).compiled);
    assert.ok((await run({ cache: join(file, 'kept') })).compiled);
  });
});

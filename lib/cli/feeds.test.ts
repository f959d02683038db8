import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Signature, Tensor } from '../index.js';
import { fromNumbers } from '../tensor/tensor.js';
import { makeFeeds } from './feeds.js';
import { writeNpy } from './npy.js';

const INPUTS: readonly Signature[] = [
  { name: 'ids', dtype: 'int64', shape: ['batch', 'length'] },
  { name: 'mask', dtype: 'int64', shape: ['batch', 'length'] },
  { name: 'x', dtype: 'float32', shape: ['batch', 3] },
  { name: 'x=y', dtype: 'float16', shape: [2] },
];
const make = (
  input: readonly string[] = [],
  size: Record<string, number> = {},
  seed = 1,
): Record<string, Tensor> => makeFeeds(INPUTS, { input, size, seed });
const list = (t: Tensor | undefined): unknown[] => [...t!.data];

describe('feeds of the command line', () => {
  it('makes what is missing from the signature, the same for the same seed', () => {
    const a = make();
    assert.deepEqual(Object.keys(a), ['ids', 'mask', 'x', 'x=y']);
    assert.deepEqual([a['ids']!.dims, a['x']!.dims], [[1, 128], [1, 3]]); // prettier-ignore
    assert.ok(list(a['ids']).every((v) => v === 0n || v === 1n));
    assert.ok(list(a['x']).every((v) => Math.abs(v as number) <= 1));
    assert.deepEqual(a, make());
    assert.notDeepEqual(list(a['x']), list(make([], {}, 2)['x']));
    assert.notDeepEqual(list(a['ids']), list(a['mask']));
  });

  it('takes sizes from options, and from the tensors given', () => {
    const sized = make([], { batch: 2, length: 5 });
    assert.deepEqual([sized['ids']!.dims, sized['x']!.dims], [[2, 5], [2, 3]]); // prettier-ignore
    const given = make(['mask=int64[4,7]:ones']);
    assert.deepEqual([given['ids']!.dims, given['x']!.dims], [[4, 7], [4, 3]]); // prettier-ignore
    assert.deepEqual(make(['ids=:range'], { batch: 1, length: 3 })['ids']!.dims, [1, 3]);
  });

  it('fills as it is told', () => {
    const x = (spec: string): unknown[] => list(make([`x=${spec}`])['x']);
    assert.deepEqual(x('float32[1,3]:zeros'), [0, 0, 0]);
    assert.deepEqual(x('[1,3]:ones'), [1, 1, 1]);
    assert.deepEqual(x(':range'), [0, 1, 2]);
    assert.deepEqual(x(':-2.5'), [-2.5, -2.5, -2.5]);
    assert.deepEqual(x('[1,3]:4,5,6'), [4, 5, 6]);
    assert.deepEqual(x('1,2,3'), [1, 2, 3]);
    const ids = list(make(['ids=int64[1,200]:-3..4'])['ids']);
    assert.deepEqual(
      [...new Set(ids)].map(Number).sort((a, b) => a - b),
      [-3, -2, -1, 0, 1, 2, 3],
    );
    assert.deepEqual(list(make(['x=y=1,2'])['x=y']), [0x3c00, 0x4000]);
  });

  it('reads files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'haio-feeds-'));
    const path = join(folder, 'a=b.npy');
    try {
      writeFileSync(path, writeNpy(fromNumbers('float32', [2, 3], [1, 2, 3, 4, 5, 6])));
      const feeds = make([`x=${path}`]);
      assert.deepEqual(list(feeds['x']), [1, 2, 3, 4, 5, 6]);
      assert.deepEqual(feeds['ids']!.dims, [2, 128]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('refuses what it does not understand', () => {
    for (const [input, code] of [
      ['z=1', 'HAIO_E_NAME'],
      ['x', 'HAIO_E_ARGUMENT'],
      ['x=', 'HAIO_E_ARGUMENT'],
      ['x=float32[1,,3]', 'HAIO_E_ARGUMENT'],
      ['x=real[1,3]', 'HAIO_E_ARGUMENT'],
      ['x=[1,3]:many', 'HAIO_E_ARGUMENT'],
      ['x=[1,3]:1,2', 'HAIO_E_ARGUMENT'],
      ['x=[1,3]:4..2', 'HAIO_E_ARGUMENT'],
      ['x=[1,3]:1..2..3', 'HAIO_E_ARGUMENT'],
      ['x=[99999,99999,9]', 'HAIO_E_LIMIT'],
      ['x=1,2', 'HAIO_E_INPUT'],
      ['x=none/there.npy', 'HAIO_E_FILE'],
    ] as const)
      assert.throws(() => make([input]), { code }, input);
    const sequence: Signature = { name: 's', dtype: 'sequence', shape: [] };
    assert.throws(() => makeFeeds([sequence], { seed: 1 }), { code: 'HAIO_E_INPUT' });
  });
});

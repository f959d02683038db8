import assert from 'node:assert/strict';
import { linear } from '../../test/models/towers.js';
import { loadAddon } from '../native/binding.js';
import type { NativeRegion } from '../plan/plan.js';
import { tensor } from '../tensor/tensor.js';
import { type Compiled, compileModel } from './compile.js';
import { chooseIsa } from './isa.js';
import { Variant } from './variant.js';

describe('bound plans', () => {
  const addon = loadAddon();
  const isa = chooseIsa(undefined);
  const CAP = 64 << 10;
  let variant: Variant;
  before(() => {
    const options = {
      isa,
      precision: 'fp32' as const,
      off: [],
      sizes: {},
      shapes: {},
      values: {},
      state: {},
    };
    const { model } = compileModel(
      addon,
      { bytes: linear(8) },
      options,
      () => undefined,
    ) as Compiled;
    variant = new Variant(addon, model, { threads: 1, isa, lanes: 1 }, null, CAP);
  });
  after(() => variant.release());

  const prepare = (n: number): ReturnType<Variant['prepare']> => {
    const feeds = [tensor('float32', [n, 8], new Float32Array(8 * n))];
    const region = variant.plan.regions[0] as NativeRegion;
    return variant.prepare(region, variant.sizesOf(feeds));
  };

  it('are kept up to a number of bytes, the least recently used go first', () => {
    const first = prepare(1);
    for (let n = 2; n <= 2000; n++) {
      prepare(n);
      if (n <= 20) assert.equal(prepare(1), first, 'in use all the time');
      assert.ok(variant.planBytes <= CAP, `${variant.planBytes} bytes`);
      assert.ok(variant.native.memory().plans <= CAP, `${variant.native.memory().plans} native`);
    }
    assert.notEqual(prepare(1), first);
    assert.equal(prepare(2000), prepare(2000));
    assert.ok(variant.planBytes > CAP / 2);
  });
});

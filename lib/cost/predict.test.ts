import assert from 'node:assert/strict';
import type { HardwareProfile } from '../hardware/profile.js';
import { adviceOf } from './advice.js';
import { energyOf } from './energy.js';
import { bytesPerMicro, machineOf, parseRow } from './machine.js';
import { predictStep } from './predict.js';
import { tilingOf } from './tiles.js';
import type { OperandWork, StepWork } from './work.js';

const MACHINE: HardwareProfile = {
  ...{ schema: 2, name: 'a machine', hash: 'x', scale: {} },
  cpu: { arch: 'x64', vendor: '', model: '', features: [] },
  cores: { online: 4, usable: 4 },
  caches: [{ level: 2, bytes: 1 << 20, sharedBy: 1 }],
  isas: { avx512: { fma: 200, gemm: 180 } },
  products: {
    avx512: {
      width: 'avx512',
      rows: ['f32_14x32', 'f32_8x48', 'f32_14x16', 'f32_4x64', 'bf16_12x32', 'u8s8_12x32'],
      ...{ f32: 180, bf16: 120, i8: 600 },
    },
  },
  bandwidth: [
    { bytes: 1 << 14, one: 200, all: 800 },
    { bytes: 1 << 20, one: 100, all: 400 },
    { bytes: 1 << 26, one: 10, all: 20 },
  ],
  overhead: { step: 50, fork: 1000 },
};
const machine = machineOf(MACHINE, 'avx512');

const f32 = (shape: readonly number[], weight = false): OperandWork => ({
  ...{ dtype: 'float32', shape, weight, dense: true },
  bytes: shape.reduce((p, d) => p * d, 4),
});
const gemm = (m: number, k: number, n: number, items = 1): StepWork => ({
  kernel: 'gemm.f32',
  params: { period: k, block: k, rowBlock: 1, mBlock: m, nBlock: Math.ceil(n / 16), copy: 0 },
  stages: [],
  inputs: [f32([m, k]), f32([k * n], true), null, null],
  outputs: [f32([m, n])],
  ...{ flops: 2 * m * k * n, bytes: 4 * (m * k + k * n + m * n), items },
});
const micros = (work: StepWork, threads = 1): number =>
  predictStep(work, machine, threads, 1 << 20).micros;

describe('cost model', () => {
  it('reads the names of micro-kernels', () => {
    assert.deepEqual(parseRow('u8s8_14x32'), { product: 'i8', tile: { rows: 14, panels: 2 } });
    assert.equal(parseRow('f32_6x16')!.product, 'f32');
    assert.equal(parseRow('anything'), null);
  });

  it('knows what tiles are not filled', () => {
    const waste = (m: number, n: number): number => tilingOf(machine.tiles.f32, m, n, 16).waste;
    assert.ok(waste(14, 17) > 1.5 * waste(14, 32), '17 columns take two panels');
    assert.ok(waste(1, 64) > 2 * waste(14, 64), 'one row');
    assert.ok(waste(1400, 3200) < 1.3);
  });

  it('takes bandwidths between measured sizes', () => {
    assert.equal(bytesPerMicro(MACHINE, 100), 200e3);
    assert.equal(bytesPerMicro(MACHINE, 1 << 30), 10e3);
    const between = bytesPerMicro(MACHINE, 1 << 23);
    assert.ok(between < 100e3 && between > 10e3);
  });

  it('predicts more time for more work, and near the peak for a large product', () => {
    const large = gemm(1024, 1024, 1024);
    const ideal = large.flops / 180e3;
    assert.ok(micros(large) > 0.7 * ideal && micros(large) < 1.6 * ideal, `${micros(large)}`);
    assert.ok(micros(gemm(128, 256, 256)) < micros(gemm(128, 512, 256)));
    assert.ok(micros(gemm(128, 256, 256)) < micros(gemm(128, 256, 272)));
  });

  it('shares items among threads, in whole rounds', () => {
    assert.equal(micros(gemm(256, 512, 512, 1), 4), micros(gemm(256, 512, 512, 1), 1));
    const [one, two, four] = [1, 2, 4].map((t) => micros(gemm(1024, 512, 512, 4), t)) as [
      number,
      number,
      number,
    ];
    assert.ok(two < 0.6 * one && four < 0.35 * one, `${one} ${two} ${four}`);
    assert.ok(micros(gemm(1024, 512, 512, 4), 3) > 0.9 * two, 'three threads take two rounds');
  });

  it('advises on sizes, where there is time to gain', () => {
    const notes = (work: StepWork): string => adviceOf(work, machine, micros(work)).join();
    assert.match(notes(gemm(512, 512, 100)), /100 output channels fill 89 %|^$/);
    assert.match(notes(gemm(512, 512, 33)), /33 output channels fill 69 %/);
    assert.match(notes(gemm(1, 2048, 1024)), /one row reads all weights/);
    assert.equal(notes(gemm(2, 2, 2)), '');
    assert.equal(notes(gemm(1400, 512, 512)), '');
  });

  it('estimates more energy where weights come from memory', () => {
    const work = gemm(1, 1024, 1024);
    assert.ok(energyOf(work, 1 << 30, MACHINE) > 3 * energyOf(work, 0, MACHINE));
  });

  it('names the ISAs of a profile that lacks one', () => {
    assert.throws(() => machineOf(MACHINE, 'neon'), { code: 'HAIO_E_ISA' });
  });
});

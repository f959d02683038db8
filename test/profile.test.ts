/** Profiles of runs and of the machine. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HardwareProfile, Tensor, hardwareProfile, load } from '../lib/index.js';
import { isProfile, bandwidthFor } from '../lib/hardware/profile.js';
import { readProfile, writeProfile } from '../lib/hardware/store.js';
import { chromeTrace } from '../lib/report/chrome-trace.js';
import { tower, upperCase } from './models/towers.js';

interface Event {
  readonly ph: string;
  readonly ts: number;
  readonly dur: number;
  readonly tid: number;
}

describe('profiles', () => {
  const folder = mkdtempSync(join(tmpdir(), 'haio-profile-'));
  const before_ = process.env['HAIO_CACHE'];
  let machine: HardwareProfile;
  before(async function () {
    this.timeout(20_000);
    process.env['HAIO_CACHE'] = folder;
    machine = await hardwareProfile();
  });
  after(() => {
    if (before_ === undefined) delete process.env['HAIO_CACHE'];
    else process.env['HAIO_CACHE'] = before_;
    rmSync(folder, { recursive: true });
  });

  it('measures the machine once and keeps the profile', async () => {
    assert.ok(isProfile(machine));
    const ceilings = Object.values(machine.isas);
    assert.ok(ceilings.every(({ fma, gemm }) => fma > 0.1 && gemm > 0.05));
    assert.ok(machine.bandwidth.every((b) => b.one > 0.1 && b.all > 0.1));
    const files = readdirSync(folder);
    assert.deepEqual(files, [`hardware-${machine.hash}.json`]);
    assert.deepEqual(await hardwareProfile(), machine);
  });

  it('does not hold the event loop while it measures', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await hardwareProfile({ refresh: true });
    clearInterval(timer);
    assert.ok(turns > 20, `${turns} turns`);
  });

  it('takes no profile that is broken, of another machine, or of another form', () => {
    const file = join(folder, `hardware-${machine.hash}.json`);
    const good = readFileSync(file, 'utf8');
    for (const bad of ['', '{', '[]', '{"schema":2}', good.replace('"schema": 2', '"schema": 9')]) {
      writeFileSync(file, bad);
      assert.equal(readProfile(machine.hash, folder), null, bad.slice(0, 20));
    }
    writeFileSync(join(folder, 'hardware-other.json'), good);
    assert.equal(readProfile('other', folder), null);
    assert.equal(writeProfile(machine, join(file, 'no-folder')), false);
    assert.equal(writeProfile(machine, folder), true);
    assert.deepEqual(readProfile(machine.hash, folder), machine);
    rmSync(join(folder, 'hardware-other.json'));
  });

  it('finds the bandwidth of the smallest set that holds the data', () => {
    const list = [1, 2, 3].map((i) => ({ bytes: 1000 * i, one: 10 - i, all: 20 - i }));
    const profile = { ...machine, bandwidth: list };
    assert.equal(bandwidthFor(profile, 1000), list[0]);
    assert.equal(bandwidthFor(profile, 1001), list[1]);
    assert.equal(bandwidthFor(profile, 9000), list[2]);
  });

  for (const threads of [1, 2])
    it(`tells where the time goes, ${threads} thread(s)`, async () => {
      await using session = await load(tower(256, 6), { threads });
      const x = new Tensor('float32', new Float32Array(64 * 256).fill(0.5), [64, 256]);
      const profile = await session.profile({ x }, { runs: 5 });
      assert.equal(profile.runs, 5);
      assert.equal(profile.steps.length, session.steps);
      const sum = profile.steps.reduce((s, step) => s + step.micros, 0);
      assert.ok(sum > 0 && profile.micros > 0, `${sum} of ${profile.micros}`);
      for (const step of profile.steps) {
        assert.match(step.kernel, /^gemm\./);
        assert.equal(step.count, 1);
        assert.ok(step.threads > 0.5 && step.threads <= threads + 0.01, `${step.threads} threads`);
        assert.ok(Math.abs(step.flops - 2 * 64 * 256 * 256) <= 64 * 256, `${step.flops}`);
        assert.ok(step.roofline! > 0 && step.gflops > 0 && step.gbps > 0);
      }
      const starts = profile.timeline.map((t) => t.start);
      assert.deepEqual(
        starts,
        [...starts].sort((a, b) => a - b),
      );
      assert.ok(profile.timeline.every((t) => t.thread >= 0 && t.thread < threads));
      const trace = JSON.parse(chromeTrace(profile, 'tower')) as { traceEvents: Event[] };
      const events = trace.traceEvents.filter((e) => e.ph === 'X');
      assert.equal(events.length, profile.timeline.length);
      assert.ok(events.every((e) => e.ts >= 0 && e.dur >= 0 && Number.isInteger(e.tid)));
    });

  it('tells of host nodes', async () => {
    await using session = await load(upperCase());
    const x = new Tensor('string', ['a', 'b'], [2]);
    const { steps, timeline } = await session.profile({ x }, { runs: 2 });
    assert.deepEqual(
      steps.map((s) => [s.kernel, s.node, s.bound, s.roofline]),
      [['StringNormalizer in JavaScript', 'shout', 'host', null]],
    );
    assert.deepEqual(
      timeline.map((t) => t.thread),
      [0],
    );
  });
});

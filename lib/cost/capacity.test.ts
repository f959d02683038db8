import assert from 'node:assert/strict';
import { HARDWARE_FAMILIES, ROWS } from '../hardware/families.js';
import { isProfile } from '../hardware/profile.js';
import { loadAddon } from '../native/binding.js';
import { capacityOf, erlangC, quantile99 } from './capacity.js';
import { machineOf } from './machine.js';

describe('capacity', () => {
  it('knows how often arrivals wait', () => {
    // one server: its load; two: a²/(2+a)… (Erlang C in closed form)
    assert.ok(Math.abs(erlangC(1, 0.3) - 0.3) < 1e-12);
    const a = 1.2;
    assert.ok(Math.abs(erlangC(2, a) - (a * a) / (2 + a)) < 1e-12);
    assert.equal(erlangC(2, 3), 1);
  });

  it('adds the wait to the time of a run', () => {
    assert.equal(quantile99(1, 10, 200), Infinity);
    assert.ok(quantile99(1, 10, 0.1) < 10.5);
    assert.ok(quantile99(4, 10, 300) > quantile99(8, 10, 300));
  });

  it('takes the fewest cores', () => {
    const latency = (threads: number): number => 40 / threads ** 0.9;
    const slow = capacityOf({ rps: 100, p99: 100 }, [1, 2, 4], latency)!;
    assert.equal(slow.threads, 1);
    assert.ok(slow.cores >= 4 && slow.cores <= 6);
    const fast = capacityOf({ rps: 100, p99: 30 }, [1, 2, 4], latency)!;
    assert.ok(fast.threads > 1 && fast.p99 <= 30 && fast.load < 1);
    assert.equal(capacityOf({ rps: 1, p99: 1 }, [1, 2], latency), null);
  });

  it('has families with sources, whose micro-kernels are those of the addon', () => {
    const { isas, gemm } = loadAddon().inspect();
    for (const [name, profile] of Object.entries(HARDWARE_FAMILIES)) {
      assert.ok(isProfile(profile), name);
      assert.ok(profile.sources!.length > 0, name);
      for (const isa of Object.keys(profile.products))
        assert.ok(machineOf(profile, isa).tiles.f32.length > 0, name);
    }
    assert.equal(new Set(Object.values(HARDWARE_FAMILIES).map((p) => p.hash)).size, 12);
    for (const { name, width, base } of isas) {
      const own = (isa: string): string[] => gemm.filter((g) => g.isa === isa).map((g) => g.name);
      const rows = ROWS[name] ?? [];
      const types = new Set(own(name).map((r) => r.split('_')[0]));
      const rest = width ? [] : own(base).filter((r) => !types.has(r.split('_')[0]));
      if (ROWS[name]) assert.deepEqual([...own(name), ...rest].sort(), [...rows].sort(), name);
    }
  });
});

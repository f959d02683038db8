import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { ALIGN, lowerBound, placeInOrder, planArena } from './arena.js';

interface Block {
  readonly first: number;
  readonly last: number;
  readonly units: number;
}
const blocks = (maxLength: number, steps: number): fc.Arbitrary<Block[]> =>
  fc.array(
    fc
      .tuple(fc.nat(steps - 1), fc.nat(steps - 1), fc.nat(6))
      .map(([a, b, units]) => ({ first: Math.min(a, b), last: Math.max(a, b), units })),
    { maxLength },
  );
const problem = (list: readonly Block[]): [Int32Array, Float64Array] => [
  Int32Array.from(list.flatMap((b) => [b.first, b.last])),
  Float64Array.from(list, (b) => b.units * ALIGN),
];
const indices = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i);

function check(list: readonly Block[], offsets: Float64Array, bytes: number): void {
  list.forEach((a, i) => {
    assert.equal(offsets[i]! % ALIGN, 0);
    assert.ok(offsets[i]! >= 0 && offsets[i]! + a.units * ALIGN <= bytes);
    list.forEach((b, j) => {
      if (j >= i || a.last < b.first || b.last < a.first || a.units === 0 || b.units === 0) return;
      const apart =
        offsets[i]! + a.units * ALIGN <= offsets[j]! ||
        offsets[j]! + b.units * ALIGN <= offsets[i]!;
      assert.ok(apart, `${i} and ${j} overlap`);
    });
  });
}

/** Smallest arena, by trying all orders: first-fit in some order is an optimal plan. */
function bruteForce(list: readonly Block[]): number {
  const [spans, sizes] = problem(list);
  let best = Infinity;
  const offsets = new Float64Array(list.length);
  const visit = (order: number[], rest: number[]): void => {
    if (rest.length === 0)
      best = Math.min(best, placeInOrder(spans, sizes, Int32Array.from(order), offsets));
    for (const b of rest)
      visit(
        [...order, b],
        rest.filter((x) => x !== b),
      );
  };
  visit(
    [],
    list.map((_, i) => i),
  );
  return best;
}

describe('plan: arena', () => {
  it('never lets two live buffers overlap, and is between the bound and greedy', () => {
    fc.assert(
      fc.property(blocks(40, 20), (list) => {
        const [spans, sizes] = problem(list);
        const plan = planArena(spans, sizes, 1e6);
        check(list, plan.offsets, plan.bytes);
        assert.ok(plan.bytes >= lowerBound(spans, sizes));
        const bySize = indices(list.length).sort((a, b) => sizes[b]! - sizes[a]! || a - b);
        const offsets = new Float64Array(list.length);
        assert.ok(plan.bytes <= placeInOrder(spans, sizes, bySize, offsets));
        // the stored order gives the same plan again: what bind relies on
        assert.equal(placeInOrder(spans, sizes, plan.order, offsets), plan.bytes);
        assert.deepEqual(offsets, plan.offsets);
      }),
      { numRuns: 200 },
    );
  });

  it('finds the smallest arena of six buffers', () => {
    fc.assert(
      fc.property(blocks(6, 6), (list) => {
        const [spans, sizes] = problem(list);
        assert.equal(planArena(spans, sizes).bytes, list.length === 0 ? 0 : bruteForce(list));
      }),
      { numRuns: 60 },
    );
  });

  it('keeps to the bound where lives do not overlap', () => {
    const list = [3, 1, 2].map((units, i) => ({ first: i, last: i, units }));
    const [spans, sizes] = problem(list);
    assert.equal(planArena(spans, sizes).bytes, 3 * ALIGN);
  });

  it('counts what is alive at a moment', () => {
    const [spans, sizes] = problem([
      { first: 0, last: 1, units: 2 },
      { first: 1, last: 2, units: 3 },
      { first: 3, last: 3, units: 4 },
    ]);
    assert.equal(lowerBound(spans, sizes), 5 * ALIGN);
    assert.equal(lowerBound(new Int32Array(), new Float64Array()), 0);
  });

  // the benchmarks of github.com/google/minimalloc, where HAIO_MINIMALLOC says they are
  const folder = process.env['HAIO_MINIMALLOC'] ?? '';
  const files = existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith('.csv')) : [];
  for (const file of files)
    it(`comes near the capacity that ${file} allows`, () => {
      const rows = readFileSync(join(folder, file), 'utf8').trim().split('\n').slice(1);
      const numbers = rows.map((r) => r.split(',').map(Number) as [number, number, number, number]);
      const times = [...new Set(numbers.flatMap(([, lower, upper]) => [lower, upper]))].sort(
        (a, b) => a - b,
      );
      const step = new Map(times.map((t, i) => [t, i]));
      const list = numbers.map(([, lower, upper, size]) => ({
        first: step.get(lower)!,
        last: step.get(upper)! - 1,
        units: size / ALIGN,
      }));
      const [spans, sizes] = problem(list);
      const plan = planArena(spans, sizes);
      check(list, plan.offsets, plan.bytes);
      assert.ok(plan.bytes < 1.15 * 1048576, `${plan.bytes} bytes`);
    });
});

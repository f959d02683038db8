import assert from 'node:assert/strict';
import { FlowNetwork } from './min-cut.js';
import { random } from './support.test.js';

type Edge = readonly [from: number, to: number, capacity: number];

const valueOf = (edges: readonly Edge[], first: (node: number) => boolean): number =>
  edges.reduce((sum, [u, v, c]) => sum + (first(u) && !first(v) ? c : 0), 0);

describe('FlowNetwork', () => {
  it('cuts as cheaply as the best of all labellings', () => {
    const next = random(5);
    for (let round = 0; round < 200; round++) {
      const count = 3 + Math.floor(next() * 5);
      const pick = (): number => Math.floor(next() * count);
      const edges = Array.from({ length: 3 * count }, (): Edge => [
        pick(),
        pick(),
        Math.floor(next() * 9),
      ]);
      const net = new FlowNetwork();
      for (let i = 0; i < count; i++) net.node();
      for (const e of edges) net.edge(...e);
      const side = net.cut(0, 1);
      assert.deepEqual([side[0], side[1]], [true, false]);
      const found = valueOf(edges, (n) => side[n]!);
      let best = Infinity;
      for (let labels = 0; labels < 1 << count; labels++)
        if (labels & 1 && !(labels & 2))
          best = Math.min(
            best,
            valueOf(edges, (n) => (labels & (1 << n)) !== 0),
          );
      assert.equal(found, best, `round ${round}`);
    }
  });
});

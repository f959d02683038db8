import assert from 'node:assert/strict';
import fc from 'fast-check';
import { apply } from '../ir/build.js';
import { evalGraph } from '../ir/eval.js';
import { type Value, input, shapeOf } from '../ir/graph.js';
import * as D from '../tensor/dim.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import { contracted } from './einsum-steps.js';
import { termsOf } from './einsum-terms.js';
import { Einsum } from './einsum.js';

const SIZES: Record<string, number> = { a: 2, b: 3, c: 4, d: 1, e: 2 };
const numbered = (shape: readonly number[], from: number): Tensor =>
  fromNumbers(
    'float32',
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => ((i + from) % 7) - 3),
  );

/** The equation by nodes and by the definition, with all sizes symbolic. */
function compare(equation: string, tensors: readonly Tensor[]): boolean {
  const expected = Einsum.eval!(tensors, { equation })[0]!;
  const symbols = new Map<number, D.Dim>();
  const symbol = (d: number): D.Dim =>
    symbols.get(d) ?? symbols.set(d, D.symbolDim(D.newSymbol(`d${d}`, { min: 1 }))).get(d)!;
  let decomposed = true;
  for (const shapeFor of [(t: Tensor) => t.shape, (t: Tensor) => t.shape.map(symbol)]) {
    const inputs = tensors.map((t, i): Value =>
      input(`x${i}`, { dtype: 'float32', shape: shapeFor(t) }),
    );
    const terms = termsOf(
      equation,
      tensors.map((t) => t.shape.length),
    );
    const y = contracted(terms, inputs);
    if (!y) {
      decomposed = false;
      continue;
    }
    const got = evalGraph({ inputs, outputs: [y], outputNames: ['y'] }, tensors)[0]!;
    assert.deepEqual(got.shape, expected.shape);
    // sums of nothing but zeros may have either sign
    const plain = (t: Tensor): number[] => [...toNumbers(t)].map((v) => v + 0);
    assert.deepEqual(plain(got), plain(expected));
  }
  return decomposed;
}
const tensorsFor = (equation: string): Tensor[] =>
  equation
    .split('->')[0]!
    .split(',')
    .map((term, i) =>
      numbered(
        Array.from(term, (l) => SIZES[l]!),
        i * 5,
      ),
    );

describe('Einsum', () => {
  for (const equation of [
    'ab,bc->ac',
    'ab,cb->ca',
    'abc,abc->',
    'ab->ba',
    'abc->b',
    'a,b->ab',
    'abc,bce->ae',
    'abc,bcae->e',
    'abe,ace->acb',
    'ab,bc,ce->ea',
    'ac,c->a',
    'ab,c->c',
    'abcd,ce',
  ])
    it(equation, () => assert.ok(compare(equation, tensorsFor(equation))));
  it('is right for any two operands', () => {
    const term = fc.uniqueArray(fc.constantFrom<string>('a', 'b', 'c', 'e'), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(term, term, fc.shuffledSubarray<string>(['a', 'b', 'c', 'e']), (p, q, out) => {
        const kept = out.filter((l) => p.includes(l) || q.includes(l));
        const equation = `${p.join('')},${q.join('')}->${kept.join('')}`;
        assert.ok(compare(equation, tensorsFor(equation)));
      }),
      { numRuns: 60 },
    );
  });
  it('broadcasts an ellipsis', () => {
    compare('...ab,...bc->...ac', [numbered([5, 1, 2, 3], 0), numbered([4, 3, 2], 3)]);
    compare('a...,b...->...ab', [numbered([2, 4], 0), numbered([3, 5, 4], 3)]);
    compare('...a,a', [numbered([2, 3], 0), numbered([3], 1)]);
  });
  it('takes diagonals by eval', () => {
    const x = numbered([3, 3], 1);
    const got = Einsum.eval!([x], { equation: 'ii->i' })[0]!;
    assert.deepEqual([...toNumbers(got)], [x.data[0], x.data[4], x.data[8]]);
    assert.equal(compare('ii,i->i', [x, numbered([3], 2)]), false);
  });
  it('reads equations with blanks and without an output', () => {
    assert.deepEqual(termsOf(' ij , jk ', [2, 2]).output, ['i', 'k']);
    assert.deepEqual(termsOf('b...a', [4]).output, ['1', '0', 'a', 'b']);
  });
  it('refuses what does not fit', () => {
    const x = input('x', { dtype: 'float32', shape: [2, 3] });
    for (const equation of ['abc->a', 'ab->c', 'ab->aa', 'ab,bc->ac', 'ab->a->b', 'a?->a'])
      assert.throws(() => apply(Einsum, { equation }, [x]), { code: 'HAIO_E_SHAPE' }, equation);
    assert.throws(
      () =>
        apply(Einsum, { equation: 'ab,ab->' }, [
          x,
          input('y', { dtype: 'float32', shape: [2, 4] }),
        ]),
      { code: 'HAIO_E_SHAPE' },
    );
    assert.deepEqual(shapeOf(apply(Einsum, { equation: 'ab->b' }, [x])), [3]);
  });
});

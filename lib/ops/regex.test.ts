/** The matcher against JavaScript's own, where both have the same syntax, and RE2's peculiarities. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fullMatcher } from './regex.js';

const matches = (pattern: string, text: string): boolean => fullMatcher(pattern)(text);

/** Patterns of a few letters, built so that JavaScript reads them the same way. */
const pattern = fc.letrec<{ atom: string; sequence: string; choice: string }>((tie) => ({
  atom: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', '\\W', '[b-d1]', '^', '$', '\\b'),
    tie('choice').map((c) => `(?:${c})`),
  ),
  sequence: fc
    .array(
      fc.tuple(tie('atom'), fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,3}', '*?')),
      {
        maxLength: 4,
      },
    )
    .map((list) => list.map(([a, r]) => (/^[\^$]$|^\\b$/.test(a) ? a : a + r)).join('')),
  choice: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((l) => l.join('|')),
})).choice;

describe('regular expressions', () => {
  it('match what JavaScript matches', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', ' ', '_'), maxLength: 5 });
    fc.assert(
      fc.property(pattern, text, (p, t) => {
        assert.equal(matches(p, t), new RegExp(`^(?:${p})$`).test(t), `${p} on '${t}'`);
      }),
      // JavaScript's own matcher may take exponential time: from a seed where it does not
      { numRuns: 500, seed: 1 },
    );
  });

  it('take time in proportion to text and pattern', () => {
    const start = performance.now();
    assert.equal(matches('(a*)*b', 'a'.repeat(2000)), false);
    assert.equal(matches('(a|aa)+', `${'a'.repeat(2000)}b`), false);
    assert.ok(performance.now() - start < 2000);
  });

  it('know RE2', () => {
    assert.ok(matches('(?P<word>\\w+)@(?<host>[[:alnum:].]+)', 'me@example.org'));
    assert.ok(matches('(?i)StraSSe', 'sTRASSE'));
    assert.ok(matches('a(?i:b)c', 'aBc') && !matches('a(?i:b)c', 'aBC'));
    assert.ok(!matches('.', '\n') && matches('(?s).', '\n'));
    assert.ok(matches('\\Qa.b\\E+', 'a.bbb') && !matches('\\Qa.b\\E', 'axb'));
    assert.ok(matches('\\x{1F600}\\pL\\p{Greek}\\PN', '😀äπx'));
    assert.ok(matches('[^[:^digit:]]', '7') && matches('[]a]', ']') && matches('\\A\\077\\z', '?'));
    assert.ok(matches('', '') && !matches('', 'a'));
  });

  it('refuse what is none', () => {
    for (const bad of [
      '(',
      ')',
      '[',
      '*',
      'a**',
      '\\1',
      '(?=a)',
      'a{2,1}',
      'a{1001}',
      '\\',
      '[z-a]',
    ])
      assert.throws(() => fullMatcher(bad), /pattern/, bad);
    assert.throws(() => fullMatcher(`${'('.repeat(300)}a${')'.repeat(300)}`), /deeply/);
    assert.throws(() => fullMatcher('((a{1000}){1000})'), /too large/);
  });
});

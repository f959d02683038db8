import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { operatorsIn, operatorsText } from './operators.js';

describe('docs/operators.md', () => {
  it('names all operators and versions (else: node scripts/gen-operators.mjs)', async () => {
    const file = new URL('../../docs/operators.md', import.meta.url);
    const fresh = operatorsIn(await operatorsText());
    assert.ok(fresh.length > 200);
    assert.deepEqual(operatorsIn(readFileSync(file, 'utf8')), fresh);
  });
});

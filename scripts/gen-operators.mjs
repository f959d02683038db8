// Writes docs/operators.md from the built operators and tests (npm run build before).
import { writeFileSync } from 'node:fs';

const { operatorsText } = await import(new URL('../dist/test/operators.js', import.meta.url).href);
writeFileSync(new URL('../docs/operators.md', import.meta.url), await operatorsText());

/** Writes what onnxruntime-node answers to every scenario: node dist/test/ort/record.js. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rivalModule } from '../../bench/rival.js';
import { type Ort, SCENARIOS, outcomeOf } from './scenarios.js';

const ort = rivalModule() as unknown as Ort | null;
if (!ort) throw new Error('onnxruntime-node is not installed in bench/rival');
const folder = mkdtempSync(join(tmpdir(), 'haio-'));
const told: Record<string, unknown> = {};
for (const [name, scenario] of Object.entries(SCENARIOS))
  told[name] = await outcomeOf(scenario, { ort, folder });
rmSync(folder, { recursive: true });
writeFileSync(
  fileURLToPath(new URL('../../../test/ort/recorded.json', import.meta.url)),
  `${JSON.stringify(told, null, 1)}\n`,
);

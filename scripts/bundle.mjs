// Puts the compile worker and all modules it imports into one file beside it, compile-worker.bundle.js:
// node scripts/bundle.mjs [dist folder]. Reading some 250 modules takes longer than most compiles.
// Modules become functions that are called at the first import; packages stay outside.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';

const dist = resolve(process.argv[2] ?? 'dist');
const entry = join(dist, 'lib/runtime/compile-worker.js');

/** Files of packages that are quicker to read than what the sources name. */
const QUICKER = { 'protobufjs/light.js': 'protobufjs/dist/light/protobuf.min.js' };

/** Numbers of modules by file, in the order in which they are found. */
const numbers = new Map();
const bodies = [];

function add(file) {
  if (numbers.has(file)) return numbers.get(file);
  const number = numbers.size;
  numbers.set(file, number);
  const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
      removeComments: true,
    },
  });
  bodies[number] = outputText
    .replace(/^\/\/# sourceMappingURL=.*$/m, '')
    .replaceAll(/\brequire\("([^"]+)"\)/g, (_, name) =>
      name.startsWith('.')
        ? `use(${add(resolve(dirname(file), name))})`
        : `load("${QUICKER[name] ?? name}")`,
    );
  return number;
}
add(entry);

const text = `import { createRequire } from 'node:module';
const load = createRequire(import.meta.url);
const made = [];
function use(number) {
  let exports = made[number];
  if (!exports) modules[number]((exports = made[number] = {}));
  return exports;
}
const modules = [
${bodies.map((b) => `(exports) => {\n${b.trim()}\n},`).join('\n')}
];
use(0);
`;
writeFileSync(entry.replace(/\.js$/, '.bundle.js'), text);

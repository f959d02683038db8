// Puts all modules of the package's main entry and of the compile worker into one file,
// lib/runtime/haio.bundle.cjs: node scripts/bundle.mjs [dist folder]. Reading some 300 modules one by one
// takes longer than most compiles. Modules become functions that are called at the first import; packages
// stay outside. lib/runtime/bundle.js runs the file, with V8's code cache where it is of this version of
// V8; lib/haio.js and lib/runtime/compile-worker.bundle.js are what others import.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const dist = resolve(process.argv[2] ?? 'dist');
const lib = join(dist, 'lib');
const runtime = join(lib, 'runtime');

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
    .replaceAll('import.meta.url', () => `$at("${relative(lib, file)}")`)
    .replaceAll(/\brequire\("([^"]+)"\)/g, (_, name) =>
      name.startsWith('.')
        ? `$use(${add(resolve(dirname(file), name))})`
        : `$load("${QUICKER[name] ?? name}")`,
    );
  return number;
}
const main = add(join(lib, 'index.js'));
const worker = add(join(runtime, 'compile-worker.js'));
const compile = add(join(runtime, 'compile.js'));

writeFileSync(
  join(runtime, 'haio.bundle.cjs'),
  `(function ($load, base) {
const $at = (file) => base + file;
const made = [];
function $use(number) {
  let exports = made[number];
  if (!exports) modules[number]((exports = made[number] = {}));
  return exports;
}
const modules = [
${bodies.map((b) => `(exports) => {\n${b.trim()}\n},`).join('\n')}
];
return $use;
})
`,
);
writeFileSync(
  join(runtime, 'bundle.js'),
  `import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
const file = fileURLToPath(new URL('./haio.bundle.cjs', import.meta.url));
export const cache = \`\${file}.\${process.versions.v8}-\${process.arch}.cache\`;
function cachedCode() {
  try {
    return readFileSync(cache);
  } catch {
    return undefined;
  }
}
const cachedData = cachedCode();
export const script = new Script(readFileSync(file, 'utf8'), {
  filename: file,
  ...(cachedData ? { cachedData } : {}),
});
export const use = script.runInThisContext()(
  createRequire(import.meta.url),
  new URL('../', import.meta.url).href,
);
`,
);
writeFileSync(
  join(runtime, 'compile-worker.bundle.js'),
  `import { use } from './bundle.js';\nuse(${worker});\n`,
);
const names = Object.keys(await import(pathToFileURL(join(lib, 'index.js')).href));
writeFileSync(
  join(lib, 'haio.js'),
  `import { use } from './runtime/bundle.js';\nexport const { ${names.join(', ')} } = use(${main});\n`,
);

// V8 compares the length of a source only, so a cache of another build must go
for (const name of readdirSync(runtime)) if (name.endsWith('.cache')) rmSync(join(runtime, name));
const warm = fileURLToPath(new URL('./warm-cache.mjs', import.meta.url));
spawnSync(process.execPath, [warm, dist, String(main), String(compile)], { stdio: 'inherit' });

// Checks the objects of a native build: node scripts/check-objects.mjs [build folder]
//
// ISA objects must be unable to leak their instructions into other code: no weak or unique symbol
// (the linker would merge those), no global but the tables, and only a few undefined symbols.
// Baseline objects must not contain instructions of any ISA.
import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const build = process.argv[2] ?? 'build';
// Compilers turn loops into memory functions; kernels call a few functions of libm.
const ALLOWED =
  /^(mem(cpy|move|set|cmp|chr)|__mem\w+_chk|_GLOBAL_OFFSET_TABLE_|__(asan|ubsan|tsan|gcov|llvm|sanitizer)\w*|__stack_chk_fail|(exp|log|pow|tanh|erf|sin|cos|tan|asin|acos|atan|sinh|cosh|asinh|acosh|atanh|fmod|floor|ceil|rint|nearbyint|trunc|round|roundeven|fma|sqrt|log1p|expm1|exp2|log2|log10|cbrt|remainder|hypot|ldexp|atan2|lgamma|tgamma)f?)$/;
const VECTOR = /%[yz]mm\d|%k[1-7]\b|%tmm\d/;

function* objects(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* objects(path);
    else if (name.endsWith('.o')) yield path;
  }
}
const run = (tool, ...args) => execFileSync(tool, args, { encoding: 'utf8', maxBuffer: 1 << 30 });
const archOf = (path) => (run('objdump', '-f', path).includes('x86-64') ? 'x86' : 'other');

const problems = [];
let checked = 0;

function checkIsaObject(path, isa) {
  for (const line of run('nm', path).split('\n')) {
    const [, kind, name] = /(?:^[0-9a-f]+)?\s+([A-Za-z])\s+([^\s@]+)\S*$/.exec(line) ?? [];
    if (!kind) continue;
    if ('WwVuI'.includes(kind) && !(kind === 'w' && /^_ITM_|^__gmon/.test(name)))
      problems.push(`${path}: weak or unique symbol ${name}`);
    else if (kind === 'U' && !ALLOWED.test(name))
      problems.push(`${path}: undefined symbol ${name}`);
    else if (
      'TDRBGSC'.includes(kind) &&
      !name.startsWith(`haio_op_${isa}_`) &&
      name !== `haio_gemm_${isa}`
    )
      problems.push(`${path}: global symbol ${name}`);
  }
  const initialisers = run('objdump', '-h', path).match(/\.(init_array|ctors)\S*/);
  if (initialisers) problems.push(`${path}: code that runs at load (${initialisers[0]})`);
}

function checkBaselineObject(path) {
  if (archOf(path) !== 'x86') return;
  const found = run('objdump', '-d', '--no-show-raw-insn', path)
    .split('\n')
    .find((line) => VECTOR.test(line));
  if (found) problems.push(`${path}: instruction beyond the baseline: ${found.trim()}`);
}

for (const path of objects(build)) {
  const [, isa] = /haio_isa_(\w+)\.dir/.exec(path) ?? [];
  const baseline = isa === 'portable' || /haio(_core|_tables)?\.dir/.test(path);
  if (isa) checkIsaObject(path, isa);
  if (baseline) checkBaselineObject(path);
  if (isa || baseline) checked++;
}
if (checked === 0) problems.push(`${build}: no objects; build the addon first`);
for (const problem of problems) console.error(problem);
console.log(`${checked} objects checked, ${problems.length} problems`);
process.exit(problems.length ? 1 : 0);

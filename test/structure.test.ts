/** The shape of the code base: import direction, file sizes, the two files of an op. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Folders of lib in the order in which they may use each other: later ones import earlier ones. */
const ORDER: readonly (readonly string[])[] = [
  ['errors.ts'],
  ['tensor'],
  ['native'],
  ['ir'],
  ['ops'],
  ['onnx', 'passes', 'hardware'],
  ['cost'],
  ['quant'],
  ['plan'],
  ['runtime'],
  ['index.ts'],
  ['report'],
  ['ort'],
  ['cli'],
];
const MAX_LINES = 600;

function filesOf(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith(ending))
    .map((f) => join(folder, f));
}
const sources = filesOf('lib', '.ts').filter((f) => !f.endsWith('.test.ts'));
const importsOf = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/from '(\.[^']+)\.js'/g)].map((m) =>
    relative(root, resolve(root, dirname(file), `${m[1]!}.ts`)),
  );
const level = (file: string): number => {
  const [, top] = file.split('/');
  return ORDER.findIndex((names) => names.includes(top!));
};

describe('structure', () => {
  it('knows every folder of lib', () => {
    assert.deepEqual(
      sources.filter((f) => level(f) < 0),
      [],
    );
  });

  it('imports only upwards', () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file)
        .filter((to) => {
          const [from, target] = [level(file), level(to)];
          const sameFolder = file.split('/')[1] === to.split('/')[1];
          return target > from || (target === from && !sameFolder);
        })
        .map((to) => `${file} → ${to}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('has no import cycle', () => {
    const state = new Map<string, 'open' | 'done'>();
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'done') return;
      assert.notEqual(state.get(file), 'open', [...path, file].join(' → '));
      state.set(file, 'open');
      for (const to of valueImportsOf(file)) visit(to, [...path, file]);
      state.set(file, 'done');
    };
    sources.forEach((f) => visit(f, []));
  });

  it('keeps files short', () => {
    const files = [...sources, ...filesOf('native', '.cpp'), ...filesOf('native', '.h')];
    const long = files.filter(
      (f) => readFileSync(join(root, f), 'utf8').split('\n').length > MAX_LINES,
    );
    assert.deepEqual(long, []);
  });

  it('has an up-to-date operator index', () => {
    const ops = readdirSync(join(root, 'lib', 'ops')).filter((f) => {
      if (!f.endsWith('.ts') || f.endsWith('.test.ts') || f === 'index.ts') return false;
      return /^export const [A-Z]\w* = (define|unary|binary|ternary|compare)/m.test(
        readFileSync(join(root, 'lib', 'ops', f), 'utf8'),
      );
    });
    const index = readFileSync(join(root, 'lib', 'ops', 'index.ts'), 'utf8');
    const missing = ops.filter((f) => !index.includes(`'./${f.replace('.ts', '.js')}'`));
    assert.deepEqual(missing, []);
  });

  it('names no file that is not there', () => {
    const listed = [
      ...readFileSync(join(root, 'docs', 'architecture.md'), 'utf8').matchAll(
        /`((?:lib|native|test|scripts|plan|exec)\/[\w./-]+)`/g,
      ),
    ];
    const absent = listed
      .map((m) => m[1]!)
      .filter(
        (p) =>
          !['', 'lib', 'native'].some((base) =>
            [p, `${p}.ts`, `${p}.cpp`, `${p}.h`].some((q) => existsSync(join(root, base, q))),
          ),
      );
    assert.deepEqual(absent, []);
  });
});

/** Imports that remain at run time. */
function valueImportsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^(?:import|export) (?!type\b)(?:[^'";]*?) from '(\.[^']+)\.js'/gms)]
    .filter((m) => !/^\w+ \{(\s*type [\w ]+,?)+\s*\}/.test(m[0]))
    .map((m) => relative(root, resolve(root, dirname(file), `${m[1]!}.ts`)));
}

/**
 * Compiles kept on disk, so that the next load of the same model takes milliseconds. An entry is a JSON file
 * that says what was compiled, and a plan file beside it, which is checked like any other. Whatever cannot
 * be read, or does not fit any more, counts as absent and is written anew.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import {
  mkdir,
  readFile,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { addonPath, packageVersion } from '../native/binding.js';
import { nextTurn } from '../native/turn.js';
import type { Addon } from '../native/types.js';
import type { Json } from '../plan/attrs.js';
import { FILE_VERSION } from '../plan/encode.js';
import { openModel } from '../plan/decode.js';
import { openPlanFile, savePlan } from '../plan/file.js';
import type { CompiledModel } from '../plan/plan.js';
import { readSignature, valuesJson } from './about.js';
import type { CompileOptions, Compiled, Deferred, Numbers, Pins, Source } from './compile.js';
import { compileInWorker } from './compiler.js';

/** A compile; `decoded` where it was found, and so read, on disk. */
export type Found = Compiled & { readonly decoded?: CompiledModel };

/** Where a compile is kept: a folder, and the name of its entry there. */
export interface Place {
  readonly folder: string;
  readonly key: string;
}

/** A file that a compile has read, as it was then. */
type Stamp = readonly [path: string, bytes: number, modified: number];

/** bytes of all entries of a folder; the least recently used ones go first */
const MOST_BYTES = 4 * 2 ** 30;
/** bytes hashed per turn of the event loop */
const SLICE = 1 << 20;

/** When the code that compiles was made: no build takes what another one has kept. */
const build = (): readonly (number | undefined)[] =>
  [new URL('./compile.js', import.meta.url), addonPath() ?? ''].map(
    (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs,
  );

const stampOf = async (path: string): Promise<Stamp> => {
  const { size, mtimeMs } = await stat(path);
  return [path, size, mtimeMs];
};

/** Of a file: its path, size and time; of bytes: their digest. */
async function identity(source: Source): Promise<unknown> {
  const digest = async (bytes: Uint8Array): Promise<string> => {
    const hash = createHash('sha256');
    for (let at = 0; at < bytes.length; at += SLICE) {
      hash.update(bytes.subarray(at, at + SLICE));
      await nextTurn();
    }
    return hash.digest('hex');
  };
  const given: unknown[] = [];
  for (const [name, bytes] of Object.entries(source.external ?? {}))
    given.push([name, await digest(bytes)]);
  const model =
    'path' in source
      ? await stampOf(await realpath(resolve(source.path)))
      : await digest(source.bytes);
  return [model, given];
}

async function keyOf(source: Source, options: CompileOptions): Promise<string> {
  const { isa, precision, off, state, sizes, shapes, values } = options;
  const what = [
    packageVersion(),
    FILE_VERSION,
    build(),
    isa,
    precision,
    off,
    state,
    sizes,
    shapes,
    valuesJson(values),
  ];
  const text = JSON.stringify([...what, await identity(source)]);
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

const planFile = ({ folder, key }: Place): string => join(folder, `${key}.haio`);
const entryFile = ({ folder, key }: Place): string => join(folder, `${key}.json`);

const isStrings = (x: unknown): x is string[] =>
  Array.isArray(x) && x.every((s) => typeof s === 'string');
const isPins = (x: unknown): x is Pins => {
  const pins = x as Record<string, unknown> | null | undefined;
  return ['symbols', 'inputs', 'shapes'].every((k) => isStrings(pins?.[k]));
};

/** What a compile took of the offered numbers, to be compared. */
const chosen = (pins: Pins, offered: Numbers | undefined): string =>
  JSON.stringify([
    pins.symbols.map((s) => offered?.sizes[s]),
    pins.shapes.map((s) => offered?.shapes[s]),
    valuesJson(
      Object.fromEntries(
        Object.entries(offered?.values ?? {}).filter(([name]) => pins.inputs.includes(name)),
      ),
    ),
  ]);

/** The entry at the place; null where there is none that fits. */
async function find(
  addon: Addon,
  place: Place,
  offered: Numbers | undefined,
): Promise<Found | Deferred | null> {
  try {
    const entry = JSON.parse(await readFile(entryFile(place), 'utf8')) as Record<string, Json>;
    for (const [path, ...was] of entry['files'] as unknown as Stamp[])
      if (String((await stampOf(path)).slice(1)) !== String(was)) return null;
    const pins: unknown = entry['pins'];
    if (!isPins(pins)) return null;
    const now = new Date();
    void utimes(entryFile(place), now, now).catch(() => undefined);
    const { nodes, ...seen } = readSignature(entry['about']);
    if (!entry['compiled']) return { ...seen, pins };
    if (entry['chosen'] !== chosen(pins, offered)) return null;
    const model = openPlanFile(addon, planFile(place));
    try {
      return { ...seen, nodes, taken: pins, model, decoded: openModel(addon, model) };
    } catch (e) {
      addon.modelRelease(model);
      throw e;
    }
  } catch {
    return null;
  }
}

/** Writes the entry of a compile, for the compile worker. Where that is not possible there is none. */
export async function keep(
  addon: Addon,
  place: Place,
  result: Compiled | Deferred,
  files: readonly string[],
  offered: Numbers | undefined,
): Promise<void> {
  const compiled = 'model' in result;
  const draft = `${entryFile(place)}.${process.pid}.tmp`;
  try {
    const { inputs, outputs, state } = result;
    const pins = compiled ? result.taken : result.pins;
    const nodes = compiled ? result.nodes : { imported: 0, optimized: 0 };
    const about = { inputs, outputs, nodes, state: Object.entries(state) };
    const stamps = await Promise.all(files.map(stampOf));
    await mkdir(place.folder, { recursive: true });
    if (compiled) await savePlan(addon, result.model, planFile(place));
    const entry = { files: stamps, about, pins, compiled, chosen: chosen(pins, offered) };
    await writeFile(draft, JSON.stringify(entry));
    await rename(draft, entryFile(place));
    await evict(place.folder);
  } catch {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

/** Removes the entries that were used longest ago, until the rest has no more than MOST_BYTES. */
async function evict(folder: string): Promise<void> {
  const names = (await readdir(folder)).map((f) => /^([0-9a-f]{32})\.(json|haio)$/.exec(f)?.[1]);
  const entries = await Promise.all(
    [...new Set(names)]
      .flatMap((key) => (key === undefined ? [] : [key]))
      .map(async (key) => {
        const place = { folder, key };
        // a plan without an entry is what a process that was ended has left
        const used = await stat(entryFile(place)).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        );
        const bytes = await stat(planFile(place)).then(
          ({ size }) => size,
          () => 0,
        );
        return { place, used, bytes };
      }),
  );
  entries.sort((a, b) => b.used - a.used);
  let sum = 0;
  for (const { place, bytes } of entries) {
    sum += bytes;
    if (sum <= MOST_BYTES) continue;
    await rm(entryFile(place), { force: true });
    await rm(planFile(place), { force: true });
  }
}

/** A compile, from the folder where it has been made before. `folder` null: always made. */
export async function compileOrFind(
  addon: Addon,
  source: Source,
  options: CompileOptions,
  folder: string | null,
  progress?: (phase: string) => void,
): Promise<Found | Deferred> {
  if (folder === null) return compileInWorker(source, options, progress);
  let place: Place;
  try {
    place = { folder, key: await keyOf(source, options) };
  } catch {
    // the compile says what is wrong with the source
    return compileInWorker(source, options, progress);
  }
  const found = await find(addon, place, options.offered);
  return found ?? compileInWorker(source, options, progress, place);
}

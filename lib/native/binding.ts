/** Finds and loads the addon, and turns its failures into HaioError. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ErrorCode, HaioError, raise } from '../errors.js';
import type { Addon, Inspection, NativeFailure } from './types.js';

const require = createRequire(import.meta.url);

let loaded: Addon | undefined;
let loadedPath: string | undefined;

/**
 * The addon, loaded at the first call: from `path` (or the environment's HAIO_ADDON), else from
 * build/Release, else from prebuilds/.
 * @throws HaioError HAIO_E_NATIVE with everything that was tried, and what to do
 */
export function loadAddon(path: string | undefined = process.env['HAIO_ADDON']): Addon {
  loaded ??= path
    ? loadFrom(resolve(path), (file) => file)
    : loadFrom(packageRoot(), resolveInstalled);
  return loaded;
}

let inspected: Inspection | undefined;
/** What the addon says of itself and of this machine, asked once. */
export const inspection = (): Inspection => (inspected ??= loadAddon().inspect());

/** The file that loadAddon loaded; undefined before. */
export const addonPath = (): string | undefined => loadedPath;

type NodeGypBuild = { resolve(directory: string): string };

const resolveInstalled = (root: string): string =>
  (require('node-gyp-build') as NodeGypBuild).resolve(root);

function loadFrom(place: string, find: (place: string) => string): Addon {
  let file = place;
  try {
    file = find(place);
    const addon = require(file) as Addon;
    loadedPath = file;
    return addon;
  } catch (e) {
    const tried =
      file === place && place === packageRoot()
        ? [join(place, 'build'), join(place, 'prebuilds')]
        : [file];
    const why = e instanceof Error ? e.message.trim().replaceAll(/\s*\n\s*/g, ' ') : String(e);
    return raise(
      'HAIO_E_NATIVE',
      {
        platform: platformOf(),
        reason: `${why}; tried ${tried.join(' and ')}. ${remedy()}`,
        tried,
      },
      e,
    );
  }
}

/** 'linux-x64 (glibc 2.36, Node 20.19.0)' */
export const platformOf = (): string =>
  `${process.platform}-${process.arch} (${libc()}, Node ${process.versions.node})`;

function remedy(): string {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch))
    return 'haio runs on Linux, on x64 and arm64';
  return "Build it: 'npm rebuild haio --foreground-scripts' (needs cmake and a C++20 compiler), or set HAIO_ADDON to a haio.node file";
}

function libc(): string {
  const report = process.report?.getReport() as
    { header?: { glibcVersionRuntime?: string } } | undefined;
  const glibc = report?.header?.glibcVersionRuntime;
  return glibc ? `glibc ${glibc}` : 'no glibc';
}

/** The version of haio. */
export function packageVersion(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The nearest folder above this file with the package.json of haio. */
function packageRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let at = start; ; at = dirname(at)) {
    const manifest = join(at, 'package.json');
    if (
      existsSync(manifest) &&
      (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === 'haio'
    )
      return at;
    if (at === dirname(at)) return start;
  }
}

const CODES: Record<NativeFailure['code'], ErrorCode> = {
  plan: 'HAIO_E_PLAN',
  isa: 'HAIO_E_ISA',
  memory: 'HAIO_E_MEMORY',
  argument: 'HAIO_E_ARGUMENT',
  released: 'HAIO_E_RELEASED',
  file: 'HAIO_E_FILE',
  data: 'HAIO_E_INTERNAL',
  aborted: 'HAIO_E_ABORTED',
};

/** The fields of an error's template, from the reason's fixed form where there is one. */
function fieldsOf({ code, reason, path }: NativeFailure): Record<string, unknown> {
  if (code === 'argument') {
    const [, name, expected, got] = /^(.*?): expected (.*), got (.*)$/.exec(reason) ?? [];
    return {
      name: name ?? '?',
      expected: expected ?? 'a usable value',
      got: got ?? reason,
      reason,
    };
  }
  if (code === 'isa') {
    const [, isa, why, usable] = /^(.*?): (.*); usable: (.*)$/.exec(reason) ?? [];
    return { isa, usable: `${usable} (${why})`, reason };
  }
  return { reason, path };
}

/** What the addon threw, as a HaioError; any other value unchanged. */
export function failure(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof HaioError) return thrown;
  const native = thrown as Error & Partial<NativeFailure>;
  const code = native.code === undefined ? undefined : CODES[native.code];
  if (code === undefined || native.reason === undefined) return thrown;
  return new HaioError(code, fieldsOf(native as NativeFailure), { cause: thrown });
}

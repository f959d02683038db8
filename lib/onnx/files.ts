/** A model's file, and the files of external data beside it. */
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { raise } from '../errors.js';
import type { ExternalData } from './tensor.js';

/** Bytes of a file; may be a mapping instead of a copy. */
export type ReadFile = (path: string) => Uint8Array;

const real = (path: string): string => {
  try {
    return realpathSync(path);
  } catch (e) {
    return raise('HAIO_E_FILE', { path, reason: (e as Error).message }, e);
  }
};

/**
 * Reads external data of the model at `path`: only files that really lie in the model's folder, or,
 * where the model itself is a link, in the folder that it leads to.
 */
export function externalFiles(path: string, read: ReadFile = readFileSync): ExternalData {
  const folder = dirname(resolve(path));
  const known = new Map<string, Uint8Array>();
  return (location) => {
    let bytes = known.get(location);
    if (!bytes) {
      const file = real(resolve(folder, location));
      const folders = [real(folder), dirname(real(path))];
      if (!folders.some((f) => file.startsWith(f.endsWith(sep) ? f : f + sep)))
        raise('HAIO_E_FILE', { path: location, reason: "it is outside of the model's folder" });
      try {
        bytes = read(file);
      } catch (e) {
        raise('HAIO_E_FILE', { path: file, reason: (e as Error).message }, e);
      }
      known.set(location, bytes);
    }
    return bytes;
  };
}

/** A model's bytes and the reader of its external data. */
export function openModel(
  path: string,
  read: ReadFile = readFileSync,
): { readonly bytes: Uint8Array; readonly externalData: ExternalData } {
  try {
    return { bytes: read(path), externalData: externalFiles(path, read) };
  } catch (e) {
    return raise('HAIO_E_FILE', { path, reason: (e as Error).message }, e);
  }
}

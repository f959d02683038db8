/** Profiles on disk, in the user's cache folder, by the hash of the machine. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type HardwareProfile, isProfile } from './profile.js';

/** HAIO_CACHE, else the platform's folder for caches. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const { HAIO_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = env;
  if (HAIO_CACHE) return HAIO_CACHE;
  if (process.platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'haio', 'Cache');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'haio');
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'haio');
}

const fileOf = (folder: string, hash: string): string => join(folder, `hardware-${hash}.json`);

/** The stored profile of the machine with this hash; null where there is none that can be read. */
export function readProfile(hash: string, folder = cacheFolder()): HardwareProfile | null {
  try {
    const found: unknown = JSON.parse(readFileSync(fileOf(folder, hash), 'utf8'));
    return isProfile(found) && found.hash === hash ? found : null;
  } catch {
    return null;
  }
}

/** Stores a profile, whole or not at all; false where the folder cannot be written. */
export function writeProfile(profile: HardwareProfile, folder = cacheFolder()): boolean {
  const file = fileOf(folder, profile.hash);
  const draft = `${file}.${process.pid}.tmp`;
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(draft, `${JSON.stringify(profile, null, 1)}\n`);
    renameSync(draft, file);
    return true;
  } catch {
    return false;
  }
}

/** The profile of this machine: stored, or measured when it is wanted for the first time. */
import { Worker } from 'node:worker_threads';
import { HaioError } from '../errors.js';
import { type HardwareProfile, hashOf } from '../hardware/profile.js';
import { readProfile, writeProfile } from '../hardware/store.js';
import { inspection } from '../native/binding.js';

export interface ProfileOptions {
  /** measure anew even where a profile is stored */
  readonly refresh?: boolean;
}

/** The profile of this machine where it was measured before; never measures. */
export function knownHardware(): HardwareProfile | null {
  const { arch, vendor, model, features, cores, caches } = inspection();
  return readProfile(hashOf({ cpu: { arch, vendor, model, features }, cores, caches }));
}

/**
 * What this machine is and can do: ISAs, cores, caches; GFLOP/s of each ISA, GB/s by size of data,
 * nanoseconds of a step and of sharing it. The first call measures, in a thread of its own, for one
 * to two seconds, and stores the result in the user's cache folder (HAIO_CACHE, else the platform's).
 */
export async function hardwareProfile({ refresh }: ProfileOptions = {}): Promise<HardwareProfile> {
  const known = refresh ? null : knownHardware();
  if (known) return known;
  const profile = await new Promise<HardwareProfile>((resolve, reject) => {
    const worker = new Worker(new URL('./measure-worker.js', import.meta.url), { execArgv: [] });
    worker.once('message', resolve);
    worker.once('error', (e) =>
      reject(new HaioError('HAIO_E_INTERNAL', { reason: e.message }, { cause: e })),
    );
    worker.once('exit', () =>
      reject(new HaioError('HAIO_E_INTERNAL', { reason: 'the measuring worker ended' })),
    );
  });
  writeProfile(profile);
  return profile;
}

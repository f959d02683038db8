/** What `enableProfiling` writes: the session's loads and runs as Chrome trace events. */
import { writeFileSync } from 'node:fs';

interface Event {
  readonly cat: 'Session';
  readonly pid: number;
  readonly tid: number;
  /** microseconds since the profile was begun */
  readonly ts: number;
  readonly dur: number;
  readonly ph: 'X';
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export class Profile {
  readonly #prefix: string;
  readonly #begun = performance.now();
  readonly #events: Event[] = [];
  #written = false;

  /** `prefix`: of the file's path; the time is added to it. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The result of `work`, and an event of the time that it took. */
  async time<T>(
    name: string,
    work: () => Promise<T>,
    args: (result: T) => Readonly<Record<string, unknown>>,
  ): Promise<T> {
    const started = performance.now();
    const result = await work();
    const ended = performance.now();
    this.#events.push({
      cat: 'Session',
      pid: process.pid,
      tid: 0,
      ts: Math.round(1000 * (started - this.#begun)),
      dur: Math.round(1000 * (ended - started)),
      ph: 'X',
      name,
      args: args(result),
    });
    return result;
  }

  /** Writes the file, once. */
  end(): void {
    if (this.#written) return;
    this.#written = true;
    const time = new Date().toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '-');
    writeFileSync(`${this.#prefix}_${time}.json`, `${JSON.stringify(this.#events, null, 1)}\n`);
  }
}

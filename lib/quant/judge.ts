/** Compares models with the float one: accuracy on samples held back, and times in turns. */
import { type Accuracy, Comparison } from './accuracy.js';
import type { Feeds, Open, Runnable } from './calibrate.js';

export interface Verdict {
  readonly accuracy: Accuracy;
  /** milliseconds of a run */
  readonly before: number;
  readonly after: number;
}

const TURNS = 3;

/** Opens the float model when it is first needed, and keeps it until release(). */
export class Judge {
  readonly #open: Open;
  readonly #float: () => Uint8Array;
  readonly #samples: readonly Feeds[];
  readonly #step: () => void;
  #opened: Runnable | null = null;

  /** `float` gives the model; `step` is called after each sample. */
  constructor(open: Open, float: () => Uint8Array, samples: readonly Feeds[], step: () => void) {
    this.#open = open;
    this.#float = float;
    this.#samples = samples;
    this.#step = step;
  }

  async judge(model: Uint8Array): Promise<Verdict> {
    const float = (this.#opened ??= await this.#open(this.#float()));
    const other = await this.#open(model);
    try {
      const comparison = new Comparison();
      for (const feeds of this.#samples) {
        comparison.add(await float.run(feeds), await other.run(feeds));
        this.#step();
      }
      const [first] = this.#samples;
      let [before, after] = [Infinity, Infinity];
      for (let turn = 0; turn < TURNS; turn++) {
        before = Math.min(before, await float.time(first!));
        after = Math.min(after, await other.time(first!));
      }
      return { accuracy: comparison.result, before, after };
    } finally {
      await other.release();
    }
  }

  async release(): Promise<void> {
    await this.#opened?.release();
    this.#opened = null;
  }
}

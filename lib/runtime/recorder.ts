/** What one run did and when, for profiles and traces. */
import type { Sizes } from '../plan/bind.js';
import type { NativeRegion } from '../plan/plan.js';

/** Chunks that fit at first; a run with more is told of by `lost`. */
const ROOM = 1 << 14;
const HEAD = 1;
const WORDS = 4;

/** A part of a step on one thread. Microseconds from the start of the recording. */
export interface Chunk {
  readonly step: number;
  /** 0: the thread that drives the run */
  readonly slot: number;
  readonly start: number;
  readonly end: number;
}
export interface NativeRecord {
  readonly region: NativeRegion;
  readonly sizes: Sizes;
  readonly start: number;
  readonly end: number;
  /** by start; read from what was recorded only now, so that a run is not held up by it */
  chunks(): Chunk[];
  /** chunks that there was no room for */
  readonly lost: number;
}
export interface HostRecord {
  readonly op: string;
  /** ONNX node */
  readonly node: string;
  readonly start: number;
  readonly end: number;
}

function chunksOf(trace: Float64Array, origin: number): Chunk[] {
  const kept = Math.min(trace[0]!, (trace.length - HEAD) / WORDS);
  const chunks = Array.from({ length: kept }, (_, i): Chunk => {
    const [step, slot, from, to] = trace.subarray(HEAD + WORDS * i, HEAD + WORDS * (i + 1));
    return { step: step!, slot: slot!, start: origin + from! / 1e3, end: origin + to! / 1e3 };
  });
  return chunks.sort((a, b) => a.start - b.start);
}

/** Takes the times of one run. */
export class Recorder {
  readonly native: NativeRecord[] = [];
  readonly host: HostRecord[] = [];
  readonly #room: number;
  readonly #origin = performance.now();

  constructor(room = ROOM) {
    this.#room = room;
  }
  #now(): number {
    return (performance.now() - this.#origin) * 1000;
  }
  /** Memory for the times of a native region, and what is to be called when it has run so many µs. */
  region(region: NativeRegion, sizes: Sizes): { trace: Float64Array; done(micros: number): void } {
    const trace = new Float64Array(HEAD + WORDS * this.#room);
    const done = (micros: number): void => {
      const end = this.#now();
      const lost = Math.max(0, trace[0]! - this.#room);
      const times = { region, sizes, start: end - micros, end, lost };
      this.native.push({ ...times, chunks: () => chunksOf(trace, times.start) });
    };
    return { trace, done };
  }
  /** Does the work of a host node. */
  hosted<T>(op: string, node: string, work: () => T): T {
    const start = this.#now();
    try {
      return work();
    } finally {
      this.host.push({ op, node, start, end: this.#now() });
    }
  }
  /** most chunks of a region, those lost included */
  get chunks(): number {
    return this.native.reduce((n, r) => Math.max(n, r.chunks().length + r.lost), 0);
  }
}

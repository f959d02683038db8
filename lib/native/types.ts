/** The typed surface of the addon; nothing else may touch the raw module. */

export interface IsaInfo {
  readonly name: string;
  readonly priority: number;
  readonly base: string;
  /** compiles all ops (else it only adds gemm rows) */
  readonly width: boolean;
  readonly usable: boolean;
  /** features the CPU lacks */
  readonly missing: readonly string[];
}
export interface OpRowInfo {
  readonly name: string;
  readonly isa: string;
  /** "axis:i32,epsilon:f32" */
  readonly signature: string;
  readonly stage: boolean;
  readonly step: boolean;
}
export interface GemmRowInfo {
  readonly name: string;
  readonly isa: string;
  readonly mr: number;
  readonly panels: number;
}
export interface Inspection {
  readonly arch: string;
  readonly vendor: string;
  readonly model: string;
  readonly features: readonly string[];
  readonly isas: readonly IsaInfo[];
  readonly ops: readonly OpRowInfo[];
  readonly gemm: readonly GemmRowInfo[];
  readonly caches: readonly {
    readonly level: number;
    readonly bytes: number;
    readonly sharedBy: number;
  }[];
  /** usable: from the affinity mask and the cgroup quota */
  readonly cores: { readonly online: number; readonly usable: number };
}

/** Thrown by the addon as a plain Error with these fields; binding.ts turns it into HaioError. */
export interface NativeFailure {
  readonly code: 'plan' | 'isa' | 'memory' | 'argument' | 'released' | 'file' | 'data' | 'aborted';
  readonly reason: string;
  /** of 'file' */
  readonly path?: string;
}

/** Result of a run: status.code 0 is success; origin indexes the plan's step origins. */
export interface RunResult {
  /** 0 fine, 1 index out of range, 2 integer division by zero, 3 limit, -1 aborted */
  readonly code: number;
  readonly step: number;
  readonly value: number;
  /** microseconds from start to end of the run itself, queueing not counted */
  readonly micros: number;
}

export type View = ArrayBufferView;
/** Bytes inside a model, as an output of `execute`. */
export interface ModelRange {
  readonly model: number;
  readonly offset: number;
  readonly bytes: number;
}

/** A bound plan, decoded and validated; belongs to its session, immutable, freed by release() or by GC. */
export interface NativeBinding {
  readonly arenaBytes: number;
  /** native memory that it takes itself */
  readonly bytes: number;
  release(): void;
}

export interface NativeSession {
  /**
   * Validates a bound plan against this session's model and ISA, and makes its pointers. Throws
   * NativeFailure 'plan'. `words`: see lib/plan/format.ts; `kernels[i]` is "name|signature".
   */
  bind(words: Float64Array, kernels: readonly string[]): NativeBinding;
  /**
   * Queues a run; buffers are pinned until it settles, and must not be transferred or resized before.
   * Never rejects for data (see RunResult.code), only with 'memory'. `trace` takes the times of its
   * chunks: trace[0] is their number (more may have run than fit), then four words for each: step,
   * slot of the thread (0: the one that drives the run), start and end in nanoseconds from its start.
   */
  run(
    binding: NativeBinding,
    inputs: readonly View[],
    outputs: readonly View[],
    token: number,
    trace?: Float64Array,
  ): Promise<RunResult>;
  /** The same on the calling thread; `inline`: never touches the pool. */
  runSync(
    binding: NativeBinding,
    inputs: readonly View[],
    outputs: readonly View[],
    inline: boolean,
    trace?: Float64Array,
  ): RunResult;
  /** Stops the run with this token, queued or in flight, within one chunk of work. */
  abort(token: number): void;
  /** Waits for runs in flight, refuses new ones, then gives back all memory. */
  release(): Promise<void>;
  memory(): {
    readonly arena: number;
    readonly scratch: number;
    readonly plans: number;
    readonly allocations: number;
  };
  /** Gives back arenas and scratch that are not in use. */
  trim(): void;
}

export interface SessionOptions {
  /** 0: all usable cores */
  readonly threads: number;
  /** '' for the best usable one */
  readonly isa: string;
  /** runs at a time */
  readonly lanes: number;
}

export interface Addon {
  inspect(): Inspection;
  /** A file's bytes, mapped read-only and copy-on-write private; a copy where external buffers are forbidden. */
  mapFile(path: string): Uint8Array;

  // registry of compiled models: process-wide, counted, 4 KiB-aligned bytes, known by id
  modelCreate(bytes: number): number;
  /** A model whose bytes are a file's, mapped: pages are shared between processes until written to. */
  modelOpen(path: string): number;
  modelWrite(id: number, offset: number, bytes: Uint8Array): void;
  modelRead(id: number, offset: number, bytes: number): Uint8Array;
  modelBytes(id: number): number;
  modelRetain(id: number): void;
  modelRelease(id: number): void;

  /** Decodes and runs a bound plan at once on the calling thread (and the pool): packing, folding, measuring, op tests. */
  execute(
    words: Float64Array,
    kernels: readonly string[],
    inputs: readonly View[],
    outputs: readonly (View | ModelRange)[],
    options: { readonly model: number; readonly isa: string; readonly threads: number },
  ): RunResult;
  /** `model`: the id whose bytes are what 'weight' operands refer to; retained until release. */
  sessionCreate(model: number, options: SessionOptions): NativeSession;
}

/** Predicted time of steps: the terms of lib/cost/terms.ts, weighted by the coefficients of a kernel's family. */
import { FAMILIES, type Family } from './families.js';
import { type Machine, bytesPerMicro } from './machine.js';
import { TERMS, type Term, type Terms, termsOf } from './terms.js';
import type { StepWork } from './work.js';

/** Terms that wait for memory, which threads share; all others are done by each thread for itself. */
const SHARED: ReadonlySet<Term> = new Set(['near', 'weights', 'exposed']);

export interface Prediction {
  readonly family: string;
  /** of one run of the step */
  readonly micros: number;
  /** what most of the time goes to */
  readonly bound: 'compute' | 'memory' | 'overhead';
  readonly terms: Terms;
}

export const familyOf = (kernel: string): Family =>
  FAMILIES.find(({ kernels }) => kernels.test(kernel))!;

/** How much faster than one thread `threads` of them read data of so many bytes. */
function sharedSpeed({ hardware }: Machine, threads: number, bytes: number): number {
  const { usable } = hardware.cores;
  if (threads <= 1 || usable <= 1) return 1;
  const one = bytesPerMicro(hardware, bytes);
  const all = Math.max(one, bytesPerMicro(hardware, bytes, true));
  return 1 + ((all / one - 1) * (Math.min(threads, usable) - 1)) / (usable - 1);
}

/**
 * The time of one run of a step on so many threads; `modelWeights`: bytes of the weights that a run reads;
 * `instances`: runs at a time on other cores, which share the way to memory.
 */
export function predictStep(
  work: StepWork,
  machine: Machine,
  threads: number,
  modelWeights: number,
  instances = 1,
): Prediction {
  const family = familyOf(work.kernel);
  const terms = termsOf(work, machine, modelWeights);
  const workers = Math.max(1, Math.min(threads, work.items));
  const rounds = Math.ceil(work.items / workers) / Math.max(1, work.items);
  const shared = sharedSpeed(machine, workers * instances, work.bytes) / instances;
  const scale = machine.scale[family.name] ?? 1;
  const sums = {
    compute: 0,
    memory: 0,
    overhead: workers > 1 ? machine.hardware.overhead.fork / 1e3 : 0,
  };
  for (const term of TERMS) {
    const micros = scale * (family.coefficients[term] ?? 0) * terms[term];
    if (term === 'step') sums.overhead += micros;
    else if (SHARED.has(term)) sums.memory += micros / shared;
    else if (term === 'items') sums.overhead += micros * (work.items > 0 ? rounds : 0);
    else sums.compute += micros * (work.items > 0 ? rounds : 0);
  }
  const kinds = ['compute', 'memory', 'overhead'] as const;
  return {
    family: family.name,
    micros: sums.compute + sums.memory + sums.overhead,
    bound: kinds.reduce((a, b) => (sums[b] > sums[a] ? b : a)),
    terms,
  };
}

/** µs of a run outside of its steps: its feeds and results, and a little for each step. */
const RUN = 12;
const EACH_STEP = 0.15;
/** µs of a node in JavaScript, about which nothing is known */
const HOST_NODE = 20;

/** µs of a whole run whose steps take `micros` together. */
export const predictRun = (micros: number, steps: number, hostNodes: number): number =>
  micros + RUN + EACH_STEP * steps + HOST_NODE * hostNodes;

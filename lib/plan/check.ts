/**
 * What bind and explain rely on in a region that was read: its words can be walked, whatever the
 * sizes are. What the words mean is for the addon to check, once they are bound.
 */
import { DTYPE_NAMES } from '../tensor/dtype.js';
import { HEADER, MAGIC, OPERAND, RECORD, VERSION } from './format.js';
import type { NativeRegion } from './plan.js';
import { slotsOf } from './schedule.js';
import { at, buffersAt } from './words.js';

/** How many of each there are: indices must be smaller. */
export interface Counts {
  readonly rows: number;
  readonly values: number;
  readonly kernels: number;
  readonly origins: number;
}

class Malformed extends Error {}

/** Reads words one by one and remembers those that say how the others are to be read. */
class Walk {
  at: number;
  readonly words: Float64Array;
  readonly fixed = new Set<number>();
  constructor(words: Float64Array, from: number) {
    this.words = words;
    this.at = from;
  }
  /** an integer below `limit` that no patch may change */
  index(limit: number): number {
    const value = this.words[this.at]!;
    if (!Number.isSafeInteger(value) || value < 0 || value >= limit) throw new Malformed();
    this.fixed.add(this.at++);
    return value;
  }
  skip(count: number): void {
    this.at += count;
    if (this.at > this.words.length) throw new Malformed();
  }
  /** a count, then `each` so many times */
  list(each: () => void): void {
    for (let n = this.index(this.words.length); n > 0; n--) each();
  }
}

function walkOperand(w: Walk): void {
  if (w.index(OPERAND.window + 1) === OPERAND.absent) return;
  w.index(w.words.length + 1);
  w.skip(1);
  w.index(DTYPE_NAMES.indexOf('string'));
  w.skip(2 * w.index(w.words.length));
}

function walkStep(w: Walk, counts: Counts): void {
  w.index(counts.kernels);
  w.skip(3);
  w.index(counts.origins);
  w.skip(1);
  w.list(() => w.skip(1));
  w.list(() => walkOperand(w));
  w.list(() => walkOperand(w));
  w.list(() => {
    w.index(counts.kernels);
    w.list(() => w.skip(1));
    w.list(() => w.skip(1));
  });
}

/** Steps and slots (see `slotsOf`) of records. */
interface Tally {
  steps: number;
  slots: number;
}
const MAX_NESTING = 32;

/** The records of a body, after the number of their words. */
function walkBody(w: Walk, counts: Counts, depth: number): Tally {
  const end = w.index(w.words.length + 1) + w.at;
  const tally = { steps: 0, slots: 0 };
  if (depth > MAX_NESTING) throw new Malformed();
  while (w.at < end) {
    const { steps, slots } = walkRecord(w, counts, depth);
    tally.steps += steps;
    tally.slots += slots;
  }
  if (w.at !== end) throw new Malformed();
  return tally;
}

function walkWindow(w: Walk): void {
  w.index(OPERAND.window + 1);
  w.index(w.words.length + 1);
  w.skip(3);
  w.index(2);
}

function walkRecord(w: Walk, counts: Counts, depth: number): Tally {
  const start = w.at;
  const kind = w.index(RECORD.loop + 1);
  const length = w.index(w.words.length + 1);
  let tally: Tally = { steps: 1, slots: slotsOf.step };
  if (kind === RECORD.step) walkStep(w, counts);
  else {
    const isLoop = kind === RECORD.loop;
    if (isLoop) w.skip(1);
    for (let i = 0; i < (isLoop ? 4 : 1); i++) walkOperand(w);
    if (isLoop) w.list(() => walkWindow(w));
    const [a, b] = [walkBody(w, counts, depth + 1), walkBody(w, counts, depth + 1)];
    const slots = slotsOf[isLoop ? 'loop' : 'if'](a.slots, b.slots);
    tally = { steps: a.steps + b.steps, slots };
  }
  if (w.at !== start + length) throw new Malformed();
  return tally;
}

/** Words that no patch may change, and the number of slots; null where the words cannot be walked. */
function structure(
  region: NativeRegion,
  counts: Counts,
): { fixed: ReadonlySet<number>; slots: number } | null {
  const { template, inputs, outputs, order, flops } = region;
  const expected: Partial<Record<(typeof HEADER)[number], number>> = {
    magic: MAGIC,
    version: VERSION,
    words: template.length,
    kernels: counts.kernels,
    inputs: inputs.length,
    outputs: outputs.length,
    buffers: order.length,
  };
  for (const field of HEADER)
    if (field in expected && template[at(field)] !== expected[field]) return null;
  const w = new Walk(template, buffersAt(inputs.length, outputs.length) + 2 * order.length);
  let [steps, slots] = [0, 0];
  try {
    w.skip(0);
    for (let i = template[at('records')]!; i > 0; i--) {
      const tally = walkRecord(w, counts, 0);
      steps += tally.steps;
      slots += tally.slots;
    }
  } catch (e) {
    if (e instanceof Malformed) return null;
    throw e;
  }
  const whole = w.at === template.length && steps === flops.length;
  return whole ? { fixed: w.fixed, slots } : null;
}

/** What is wrong with a region, or null. */
export function regionFault(region: NativeRegion, counts: Counts): string | null {
  const { template, patches, lifespans, order, flops } = region;
  const found = structure(region, counts);
  if (!found) return 'a template does not fit its region';
  const buffers = order.length;
  const seen = new Uint8Array(buffers);
  for (const b of order)
    if (b < 0 || b >= buffers || seen[b]!++) return 'the placing order is no permutation';
  if (lifespans.length !== 2 * buffers) return 'lifespans of other buffers';
  for (let i = 0; i < lifespans.length; i += 2) {
    const [first, last] = [lifespans[i]!, lifespans[i + 1]!];
    if (first < 0 || last < first || last >= found.slots) return 'a lifespan outside the steps';
  }
  if (patches.length % 2 !== 0) return 'half a patch';
  const isRow = (row: number): boolean => row >= 0 && row < counts.rows;
  for (let i = 0; i < patches.length; i += 2) {
    const word = patches[i]!;
    if (word < HEADER.length || word >= template.length || found.fixed.has(word))
      return 'a patch where none may be';
    if (!isRow(patches[i + 1]!)) return 'a patch of no expression';
  }
  return flops.every(isRow) ? null : 'operations of no expression';
}

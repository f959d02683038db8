/**
 * What a session remembers between runs: for each pair of the option `state`, the output of the last run
 * that the next one takes as input. Pairs that a model makes by appending lie in buffers with room to grow.
 */
import { raise } from '../errors.js';
import { type DType, type TypedArray, newArrayUninitialized } from '../tensor/dtype.js';
import { type Tensor as Plain, sizeOf } from '../tensor/tensor.js';
import { type Tensor, type TensorLike, describe, plainOf, publicOf } from './tensor.js';

export interface StateOptions {
  /** positions that there is room for from the start, so that nothing is moved up to there */
  readonly capacity?: number;
}

/** A pair's contents: dense, or with room for `capacity` positions along `axis`. */
interface Held {
  readonly dtype: DType;
  shape: readonly number[];
  readonly data: TypedArray;
  /** −1: dense */
  readonly axis: number;
  readonly capacity: number;
}

/** Room is made for so many positions at a time, and for half as many again as there are. */
const STEP = 64;

/** Copies the first positions along `axis` of a buffer with room for `from` to one with room for `to`. */
function moveRows(
  source: TypedArray,
  from: number,
  target: TypedArray,
  to: number,
  shape: readonly number[],
  axis: number,
): void {
  const inner = sizeOf(shape.slice(axis + 1));
  const length = shape[axis]! * inner;
  const outer = sizeOf(shape.slice(0, axis));
  for (let o = 0; o < outer; o++) {
    const start = o * from * inner;
    target.set(source.subarray(start, start + length) as never, o * to * inner);
  }
}

/** One conversation's memory: made by session.createState(), given to runs as the option `state`. */
export class State {
  readonly #session: object;
  readonly #names: readonly string[];
  readonly #held = new Map<string, Held>();
  #room: number;
  #busy = false;

  /** Use session.createState(). `names`: inputs that it stands for. */
  constructor(session: object, names: readonly string[], { capacity = 0 }: StateOptions = {}) {
    checkCount('capacity', capacity);
    this.#session = session;
    this.#names = names;
    this.#room = capacity;
  }

  /** positions held: the length of what was appended; 0 before the first run */
  get length(): number {
    return this.#appended().reduce((n, h) => Math.max(n, h.shape[h.axis]!), 0);
  }
  /** positions that there is room for */
  get capacity(): number {
    return this.#appended().reduce((n, h) => Math.max(n, h.capacity), this.#room);
  }
  get bytes(): number {
    return [...this.#held.values()].reduce((n, h) => n + h.data.byteLength, 0);
  }

  /** Forgets everything; the room stays. */
  reset(): void {
    this.#checkIdle();
    for (const [name, h] of this.#held)
      if (h.axis < 0) this.#held.delete(name);
      else h.shape = h.shape.with(h.axis, 0);
  }

  /**
   * Keeps the first `length` positions.
   * @throws HaioError HAIO_E_ARGUMENT where a pair is not made by appending, or has fewer
   */
  truncate(length: number): void {
    this.#checkIdle();
    checkCount('length', length);
    if (length === 0) return this.reset();
    if (length > this.length) argument('length', `at most ${this.length}`, String(length));
    for (const [name, h] of this.#held)
      if (h.axis < 0) argument('state', 'pairs that are made by appending', `'${name}'`);
    for (const h of this.#held.values())
      if (h.shape[h.axis]! > length) h.shape = h.shape.with(h.axis, length);
  }

  /** Makes room for so many positions with the next run. */
  reserve(capacity: number): void {
    checkCount('capacity', capacity);
    this.#room = Math.max(this.#room, capacity);
  }

  /** A copy of what an input will get; null before the first run. */
  get(name: string): Tensor | null {
    this.#checkName(name);
    const h = this.#held.get(name);
    return h ? publicOf({ ...dense(h), data: dense(h).data.slice() }) : null;
  }

  /** Sets what an input will get: a cache that was kept elsewhere, or a first state that is not zero. */
  set(name: string, value: TensorLike): void {
    this.#checkIdle();
    this.#checkName(name);
    const t = plainOf(value);
    if (!t || t.dtype === 'string') argument(name, 'a tensor of numbers', describe(value));
    this.put(name, { ...t, data: (t.data as TypedArray).slice() });
  }

  /** Another state with the same contents. */
  fork(): State {
    this.#checkIdle();
    const copy = new State(this.#session, this.#names, { capacity: this.#room });
    for (const [name, h] of this.#held) copy.#held.set(name, { ...h, data: h.data.slice() });
    return copy;
  }

  // the session's side

  /** Claims the state for one run. @throws HaioError where another run has it, or it is another session's */
  begin(session: object): void {
    if (session !== this.#session)
      argument('state', 'what createState() of this session made', 'that of another session');
    this.#checkIdle();
    this.#busy = true;
  }
  end(): void {
    this.#busy = false;
  }
  /** Shape of what an input will get, or null where nothing was kept. */
  shapeOf(name: string): readonly number[] | null {
    return this.#held.get(name)?.shape ?? null;
  }
  /** Contents as a dense tensor; not a copy where it is dense already. */
  tensor(name: string, dtype: DType, shape: readonly number[]): Plain {
    const h = this.#held.get(name);
    if (h) return dense(h);
    const data = newArrayUninitialized(dtype, sizeOf(shape));
    data.fill(0 as never);
    return { dtype, shape, data };
  }
  /** Room along the axis of appended pairs when `needed` positions will be there after the run. */
  capacityFor(needed: number): number {
    const { capacity } = this;
    if (needed <= capacity) return capacity;
    return STEP * Math.ceil(Math.max(needed, 1.5 * this.length) / STEP);
  }
  /** The buffer of an appended pair whose output will have `shape`; what was there is kept. */
  room(
    name: string,
    dtype: DType,
    shape: readonly number[],
    axis: number,
    capacity: number,
  ): TypedArray {
    const h = this.#held.get(name);
    if (h?.axis === axis && h.capacity === capacity) {
      const same = shape.every((d, i) => i === axis || d === h.shape[i]);
      if (same) return h.data;
    }
    const data = newArrayUninitialized(dtype, sizeOf(shape.with(axis, capacity)));
    const past = h && h.shape[axis]! > 0 ? h : null;
    if (past) {
      const from = past.axis < 0 ? past.shape[axis]! : past.capacity;
      const source = past.axis < 0 || past.axis === axis ? past.data : dense(past).data;
      moveRows(source as TypedArray, from, data, capacity, past.shape, axis);
    }
    const kept = past ? past.shape : shape.with(axis, 0);
    this.#held.set(name, { dtype, shape: kept, data, axis, capacity });
    return data;
  }
  /** The run has written up to there. */
  grown(name: string, shape: readonly number[]): void {
    this.#held.get(name)!.shape = shape;
  }
  /** Keeps a dense tensor. */
  put(name: string, { dtype, shape, data }: Plain): void {
    this.#held.set(name, { dtype, shape, data: data as TypedArray, axis: -1, capacity: 0 });
  }

  #appended(): Held[] {
    return [...this.#held.values()].filter((h) => h.axis >= 0);
  }
  #checkIdle(): void {
    if (this.#busy) argument('state', 'a state that no run uses', 'one that a run in flight has');
  }
  #checkName(name: string): void {
    if (!this.#names.includes(name))
      raise('HAIO_E_NAME', { what: 'state', name, known: this.#names.join(', ') });
  }
}

function dense(h: Held): Plain {
  const { dtype, shape, axis, capacity, data } = h;
  if (axis < 0) return { dtype, shape, data };
  const out = newArrayUninitialized(dtype, sizeOf(shape));
  moveRows(data, capacity, out, shape[axis]!, shape, axis);
  return { dtype, shape, data: out };
}

function argument(name: string, expected: string, got: string): never {
  raise('HAIO_E_ARGUMENT', { name, expected, got });
}
function checkCount(name: string, n: number): void {
  if (!Number.isSafeInteger(n) || n < 0) argument(name, 'an integer ≥ 0', String(n));
}

/**
 * An addon in JavaScript for tests of the planner: a registry of models, and `execute` over kernels
 * given as functions on strided operands. The arena starts full of a pattern, so that reading
 * memory nobody wrote shows.
 */
import type { Addon, ModelRange, OpRowInfo, RunResult, View } from '../lib/native/types.js';
import { HEADER, MAGIC, OPERAND, RECORD } from '../lib/plan/format.js';
import { DTYPE_NAMES, type DType, bytesOf, newArray } from '../lib/tensor/dtype.js';
import { walk } from '../lib/ops/moving.js';

export interface FakeOperand {
  readonly dtype: DType;
  readonly dims: readonly number[];
  /** raw elements in row-major order: bit patterns as they are */
  read(): unknown[];
  write(values: readonly unknown[]): void;
}
export interface FakeKernel {
  readonly signature: string;
  run(
    params: Readonly<Record<string, number>>,
    inputs: readonly (FakeOperand | null)[],
    outputs: readonly FakeOperand[],
  ): void;
}

/** out[i] = in[i]: what the planner's own copies need. */
const copy: FakeKernel = {
  signature: 'parts:i32,reversed:i32',
  run({ reversed }, [from], [to]) {
    if (reversed !== 0) throw new Error('reversed axes are not there');
    to!.write(from!.read());
  },
};

const POISON = 0x5a;
const bytes = (v: View): Uint8Array => new Uint8Array(v.buffer, v.byteOffset, v.byteLength);

class Execution {
  #at = 0;
  readonly #words: Float64Array;
  readonly #memory: (kind: number, index: number) => Uint8Array;
  constructor(words: Float64Array, memory: (kind: number, index: number) => Uint8Array) {
    this.#words = words;
    this.#memory = memory;
  }
  get done(): boolean {
    return this.#at >= this.#words.length;
  }
  skip(to: number): void {
    this.#at = to;
  }
  next(): number {
    return this.#words[this.#at++]!;
  }
  many<T>(read: () => T): T[] {
    return Array.from({ length: this.next() }, read);
  }
  operand = (): FakeOperand | null => {
    const kind = this.next();
    if (kind === OPERAND.absent) return null;
    const memory = this.#memory(kind, this.next());
    const offset = this.next();
    const dtype = DTYPE_NAMES[this.next()]!;
    const rank = this.next();
    const dims = Array.from({ length: rank }, () => this.next());
    const strides = Array.from({ length: rank }, () => this.next());
    const size = bytesOf(dtype);
    const each = (visit: (element: Uint8Array, i: number) => void): void =>
      walk(dims, strides, 0, (at, i) => {
        const start = offset + at * size;
        if (start < 0 || start + size > memory.length) throw new Error('outside its buffer');
        visit(memory.subarray(start, start + size), i);
      });
    return {
      dtype,
      dims,
      read() {
        const out = newArray(
          dtype,
          dims.reduce((a, b) => a * b, 1),
        );
        each((element, i) => bytes(out).set(element, i * size));
        return [...out];
      },
      write(values) {
        const all = newArray(dtype, values.length) as unknown as unknown[];
        values.forEach((v, i) => (all[i] = v));
        const raw = bytes(all as unknown as View);
        each((element, i) => element.set(raw.subarray(i * size, (i + 1) * size)));
      },
    };
  };
}

export class FakeAddon {
  readonly kernels: Readonly<Record<string, FakeKernel>>;
  readonly models = new Map<number, Uint8Array>();
  executed = 0;
  #ids = 0;

  constructor(kernels: Readonly<Record<string, FakeKernel>> = {}) {
    const copies = Object.fromEntries([1, 2, 4, 8].map((n) => [`copy.b${n}`, copy]));
    this.kernels = { ...copies, ...kernels };
  }
  /** this as the interface of the addon; sessions are not there */
  get addon(): Addon {
    return this as unknown as Addon;
  }
  inspect(): { ops: OpRowInfo[] } {
    const row = ([name, { signature }]: [string, FakeKernel]): OpRowInfo => ({
      name,
      isa: 'portable',
      signature,
      stage: false,
      step: true,
    });
    return { ops: Object.entries(this.kernels).map(row) };
  }
  modelCreate(size: number): number {
    this.models.set(++this.#ids, new Uint8Array(size));
    return this.#ids;
  }
  modelWrite(id: number, offset: number, data: Uint8Array): void {
    this.models.get(id)!.set(data, offset);
  }
  modelRead(id: number, offset: number, size: number): Uint8Array {
    return this.models.get(id)!.subarray(offset, offset + size);
  }
  modelBytes(id: number): number {
    return this.models.get(id)!.length;
  }
  modelRelease(id: number): void {
    this.models.delete(id);
  }

  execute(
    words: Float64Array,
    kernels: readonly string[],
    inputs: readonly View[],
    outputs: readonly (View | ModelRange)[],
    options: { readonly model: number },
  ): RunResult {
    const head = Object.fromEntries(HEADER.map((name, i) => [name, words[i]!])) as Record<
      (typeof HEADER)[number],
      number
    >;
    if (head.magic !== MAGIC || head.words !== words.length) throw new Error('not a bound plan');
    if (head.kernels !== kernels.length) throw new Error('another list of kernels');
    const arena = new Uint8Array(head.arenaBytes).fill(POISON);
    const ports = [...inputs, ...outputs].map((p) =>
      'model' in p ? this.modelRead(p.model, p.offset, p.bytes) : bytes(p),
    );
    let w = HEADER.length;
    ports.forEach((p, i) => {
      if (words[w + 1] !== p.length)
        throw new Error(`port ${i} has ${p.length} bytes, not ${words[w + 1]!}`);
      w += 2;
    });
    const buffers = Array.from({ length: head.buffers }, () => {
      const [offset, size] = [words[w++]!, words[w++]!];
      if (offset % 64 !== 0 || offset + size > arena.length) throw new Error('bad buffer');
      return arena.subarray(offset, offset + size);
    });
    const memory = (kind: number, index: number): Uint8Array => {
      if (kind === OPERAND.arena) return buffers[index]!;
      if (kind === OPERAND.weight) return this.models.get(options.model)!;
      return ports[kind === OPERAND.input ? index : inputs.length + index]!;
    };
    const run = new Execution(words, memory);
    run.skip(w);
    for (let i = 0; i < head.records; i++) this.#step(run, kernels);
    if (!run.done) throw new Error('words behind the last record');
    return { code: 0, step: 0, value: 0, micros: 0 };
  }

  #step(run: Execution, kernels: readonly string[]): void {
    if (run.next() !== RECORD.step) throw new Error('no step');
    run.next();
    const [name, signature] = kernels[run.next()]!.split('|') as [string, string];
    for (let i = 0; i < 5; i++) run.next();
    const params = run.many(() => run.next());
    const inputs = run.many(run.operand);
    const outputs = run.many(run.operand) as FakeOperand[];
    if (run.next() !== 0) throw new Error('stages are not there');
    const names = signature === '' ? [] : signature.split(',').map((p) => p.split(':')[0]!);
    const named = Object.fromEntries(names.map((n, i) => [n, params[i]!]));
    this.kernels[name]!.run(named, inputs, outputs);
    this.executed++;
  }
}

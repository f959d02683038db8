/** What the tables of `gemm` and `conv` share: a model of one operator, timed step by step. */
import { type HardwareProfile, Tensor, hardwareProfile, load } from '../lib/index.js';
import { random } from '../test/models/random.js';
import { Writer } from './zoo/writer.js';

/** ISA of the kernels; '' for the best of this machine */
const ISA = process.argv[2] ?? '';
/** Turns of a figure, each of some runs: the least of their medians is what the kernel can do. */
const TURNS = 5;
const RUNS = 15;
const OPSET = 17;

export interface Figure {
  /** of the kernels of float products */
  readonly kernels: string;
  readonly micros: number;
  /** multiplications and additions of the definition in a nanosecond */
  readonly gflops: number;
  /** share of the measured peak of multiply-adds, 0…1 and above where a kernel saves arithmetic */
  readonly share: number;
}

const machine: Promise<HardwareProfile> = hardwareProfile();
export async function peak(): Promise<number> {
  const { isas } = await machine;
  return (isas[ISA] ?? Object.values(isas)[0]!).fma;
}

/** One operator on an input of `shape`: the time of its products on one thread. */
export async function figureOf(
  shape: readonly number[],
  flops: number,
  write: (w: Writer, x: string) => string,
): Promise<Figure> {
  const w = new Writer(OPSET);
  // a step before, so that the product reads what the machine has just written
  const y = w.op('Identity', [write(w, w.op('Relu', ['x']))], {}, 'y');
  const bytes = w.save(
    [{ name: 'x', type: 'float32', shape }],
    [{ name: y, type: 'float32', shape: shape.map(() => null) }],
  );
  const session = await load(bytes, { threads: 1, ...(ISA ? { isa: ISA } : {}) });
  const numbers = random(7);
  const count = shape.reduce((p, d) => p * d, 1);
  const x = new Tensor(
    'float32',
    Float32Array.from({ length: count }, () => numbers.normal()),
    shape,
  );
  let [micros, kernels] = [Infinity, ''];
  for (let turn = 0; turn < TURNS; turn++) {
    const { steps } = await session.profile({ x }, { runs: RUNS });
    const own = steps.filter((s) => /^(gemm|winograd|dwconv)\./.test(s.kernel));
    kernels = [...new Set(own.map((s) => s.kernel))].join(' + ');
    micros = Math.min(
      micros,
      own.reduce((sum, s) => sum + s.micros, 0),
    );
  }
  await session.release();
  const gflops = flops / micros / 1e3;
  return { kernels, micros, gflops, share: gflops / (await peak()) };
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
export async function header(what: string): Promise<void> {
  say(`peak ${(await peak()).toFixed(1)} GFLOP/s on one thread`);
  say(`${what.padEnd(34)}${'µs'.padStart(9)}  GF/s  of peak  goal  oneDNN, of its peak  kernel`);
}
/** A line; `goal` and `other` are shares of the peak, 0 where there is none. */
export function line(what: string, f: Figure, goal: number, other: number): void {
  const percent = (x: number, width: number): string =>
    (x > 0 ? `${(100 * x).toFixed(0)} %` : '').padStart(width);
  say(
    `${what.padEnd(34)}${f.micros.toFixed(1).padStart(9)}${f.gflops.toFixed(0).padStart(6)}` +
      `${percent(f.share, 9)}${percent(goal, 6)}${percent(other, 21)}  ${f.kernels}`,
  );
}

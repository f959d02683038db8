/**
 * Outputs of haio against onnxruntime-node's, on every model, every ISA this machine has and one and
 * two threads: the largest share of the tolerance |a − b| ≤ 1e-3·|a| + 1e-4·max|a| that an element
 * uses, how many use more than all of it, and whether thread counts agree to the bit. Where some are beyond,
 * the last column tells how many of onnxruntime-node's own are when its optimisations are off: models that
 * compare scores for equality, or that end near zero, take rounding for a difference.
 *
 *   node dist/bench/agree.js [--models REGEX] [--isas NAME,…] [--threads 1,2]
 */
import { parseArgs } from 'node:util';
import { type Tensor, load } from '../lib/index.js';
import { usableIsas } from '../lib/runtime/isa.js';
import { CATALOG, type ModelSpec, feedsOf } from './catalog.js';
import { loadRival } from './rival.js';

type Outputs = Readonly<Record<string, { readonly data: unknown }>>;
type Numbers = Float32Array;

interface Agreement {
  /** largest |a − b| / (1e-3·|a| + 1e-4·max|a|) */
  readonly used: number;
  readonly wrong: number;
  readonly elements: number;
}

/** How far `b` is from the reference `a`, over all outputs. */
function agreementOf(a: Outputs, b: Outputs): Agreement {
  let [used, wrong, elements] = [0, 0, 0];
  for (const [name, { data }] of Object.entries(a)) {
    const [x, y] = [data as Numbers, b[name]!.data as Numbers];
    if (x.length !== y.length) throw new Error(`${name}: ${y.length} elements, not ${x.length}`);
    const largest = x.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    x.forEach((v, i) => {
      if (v === y[i]) return;
      const share = Math.abs(v - y[i]!) / (1e-3 * Math.abs(v) + 1e-4 * largest);
      used = Math.max(used, Number.isNaN(share) ? Infinity : share);
      if (!(share <= 1)) wrong++;
    });
    elements += x.length;
  }
  return { used, wrong, elements };
}

const sameBits = (a: Outputs, b: Outputs): boolean =>
  Object.entries(a).every(([name, { data }]) =>
    Buffer.from((data as Numbers).buffer).equals(Buffer.from((b[name]!.data as Numbers).buffer)),
  );

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: '' },
    isas: { type: 'string', default: usableIsas().join(',') },
    threads: { type: 'string', default: '1,2' },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

interface Run {
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly outputs: Outputs;
}

async function runHaio(spec: ModelSpec, isa: string, threads: number): Promise<Run> {
  const session = await load(spec.path!, { isa, threads });
  const feeds = feedsOf(spec, session);
  const outputs = (await session.run(feeds)) as Outputs;
  await session.release();
  return { feeds, outputs };
}

say(`${'model'.padEnd(20)} ${'ISA'.padEnd(12)} tolerance used   elements beyond   threads`);
for (const spec of CATALOG.filter((m) => new RegExp(values.models).test(m.name))) {
  if (spec.path === null) {
    say(`${spec.name.padEnd(20)} not installed`);
    continue;
  }
  const rival = await loadRival(spec.path, 1);
  let own = '';
  if (!rival) throw new Error('onnxruntime-node is not installed in bench/rival');
  for (const isa of values.isas.split(',')) {
    const counts = values.threads.split(',').map(Number);
    const runs: Run[] = [];
    for (const threads of counts) runs.push(await runHaio(spec, isa, threads));
    const [{ feeds, outputs }] = runs as [Run];
    const expected = await rival.run(feeds);
    const { used, wrong, elements } = agreementOf(expected, outputs);
    if (wrong > 0 && own === '') {
      const plain = await loadRival(spec.path, 1, { graphOptimizationLevel: 'disabled' });
      own = `   its own: ${agreementOf(expected, await plain!.run(feeds)).wrong}`;
      await plain!.release();
    }
    const same = runs.every((r) => sameBits(outputs, r.outputs)) ? 'same bits' : 'DIFFER';
    say(
      `${spec.name.padEnd(20)} ${isa.padEnd(12)} ${used.toFixed(4).padStart(10)}  ${`${wrong} of ${elements}`.padStart(20)}   ${values.threads}: ${same}${wrong > 0 ? own : ''}`,
    );
    if (wrong > 0 || same !== 'same bits') process.exitCode = 1;
  }
  await rival.release();
}

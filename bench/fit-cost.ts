/**
 * Fits the cost model's coefficients (lib/cost/families.ts) to profiled runs of the catalog's models on one
 * thread, and writes that file: node dist/bench/fit-cost.js [seconds a model] [names]. Least squares of
 * relative errors with coefficients that are not negative, reweighted towards least absolute errors.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FAMILIES } from '../lib/cost/families.js';
import { TERMS, type Term } from '../lib/cost/terms.js';
import { hardwareProfile, load } from '../lib/index.js';
import { CATALOG, feedsOf } from './catalog.js';

interface Sample {
  readonly family: string;
  /** µs of one run of the step */
  readonly micros: number;
  readonly terms: readonly number[];
  readonly share: number;
}

const [seconds = '0.6', ...names] = process.argv.slice(2);
const SOURCE = join(
  dirname(fileURLToPath(import.meta.url)),
  '..',
  '..',
  'lib',
  'cost',
  'families.ts',
);

async function samplesOf(spec: (typeof CATALOG)[number]): Promise<Sample[]> {
  await using session = await load(spec.path!, { threads: 1 });
  const feeds = feedsOf(spec, session);
  await session.run(feeds);
  const started = performance.now();
  await session.run(feeds);
  const runs = Math.round((Number(seconds) * 1000) / (performance.now() - started));
  const { steps } = await session.profile(feeds, { runs: Math.min(50, Math.max(3, runs)) });
  return steps.flatMap(({ cost, micros, count, share }) =>
    cost && count > 0 && micros > 0
      ? [
          {
            family: cost.family,
            micros: micros / count,
            terms: TERMS.map((t) => cost.terms[t]),
            share,
          },
        ]
      : [],
  );
}

/** No kernel moves its bytes more often. */
const LIMITS: Partial<Record<Term, number>> = { near: 8, weights: 4, exposed: 4 };

const modelled = (terms: readonly number[], c: readonly number[]): number =>
  terms.reduce((sum, x, j) => sum + x * c[j]!, 0);

/** Coefficients of least squared relative error, none negative, by coordinate descent. */
function leastSquares(samples: readonly Sample[], weights: readonly number[]): number[] {
  const c: number[] = TERMS.map(() => 0.5);
  for (let round = 0; round < 3000; round++)
    for (let j = 0; j < c.length; j++) {
      let [over, under] = [0, 0];
      samples.forEach(({ micros, terms }, i) => {
        const x = terms[j]!;
        const left = micros - modelled(terms, c) + x * c[j]!;
        const w = weights[i]! / (micros * micros);
        over += w * x * left;
        under += w * x * x;
      });
      c[j] = under > 1e-12 ? Math.min(LIMITS[TERMS[j]!] ?? Infinity, Math.max(0, over / under)) : 0;
    }
  return c;
}

function fit(samples: readonly Sample[]): number[] {
  const importance = ({ share }: Sample): number => Math.sqrt(share) + 0.02;
  let c: number[] = [];
  let weights = samples.map(importance);
  for (let round = 0; round < 4; round++) {
    c = leastSquares(samples, weights);
    weights = samples.map(
      (s) => importance(s) / Math.max(0.05, Math.abs(modelled(s.terms, c) / s.micros - 1)),
    );
  }
  return c;
}

await hardwareProfile();
const samples: Sample[] = [];
for (const spec of CATALOG)
  if (spec.path !== null && (names.length === 0 || names.includes(spec.name)))
    samples.push(...(await samplesOf(spec)));

const lines = FAMILIES.map((family) => {
  const own = samples.filter((s) => s.family === family.name);
  const c = own.length >= 3 ? fit(own) : TERMS.map((t) => family.coefficients[t] ?? 0);
  const errors = own
    .map((s) => Math.abs(modelled(s.terms, c) / s.micros - 1))
    .sort((a, b) => a - b);
  const middle = errors[errors.length >> 1] ?? NaN;
  process.stderr.write(
    `${family.name}: ${own.length} steps, median error ${(100 * middle).toFixed(1)} %\n`,
  );
  const text = TERMS.flatMap((t, j) => (c[j]! >= 1e-3 ? `${t}: ${+c[j]!.toPrecision(3)}` : []));
  return `  {
    name: '${family.name}',
    kernels: ${String(family.kernels)},
    coefficients: { ${text.join(', ')} },
  },`;
});
writeFileSync(
  SOURCE,
  `/**
 * Kernel families and how many of each term (lib/cost/terms.ts) their steps take. Written by
 * bench/fit-cost.ts, which fits them to profiled runs of the bench's models.
 */
import type { Term } from './terms.js';

export interface Family {
  readonly name: string;
  readonly kernels: RegExp;
  readonly coefficients: Readonly<Partial<Record<Term, number>>>;
}

/** The first family whose pattern a kernel's name matches is its own. */
export const FAMILIES: readonly Family[] = [
${lines.join('\n')}
];
`,
);

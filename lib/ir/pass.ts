/** Passes: pure functions Graph → Graph with a name, run in order, switched off and bisected by name. */
import { HaioError, raise } from '../errors.js';
import type { Graph } from './graph.js';
import { type LogEntry, type PassContext, type Rule, describe, rewriteGraph } from './rewrite.js';
import { verifyGraph } from './verify.js';

export interface Pass {
  readonly name: string;
  /** names of the rules that it asks to be allowed */
  readonly rules?: readonly string[];
  run(graph: Graph, ctx: PassContext): Graph;
}

/** A pass that applies rules until none fires. */
export const rules = (name: string, list: readonly Rule[]): Pass => ({
  name,
  rules: list.map((r) => r.name),
  run: (graph, ctx) => rewriteGraph(graph, list, ctx),
});

export interface RunOptions {
  /** passes or rules not to run */
  readonly off?: readonly string[];
  /** name of the last pass to run */
  readonly stopAfter?: string;
  /** number of rewrites after which nothing is rewritten any more; finds the bad one by bisection */
  readonly limit?: number;
  /** checks the invariants of verify.ts after every pass */
  readonly verify?: boolean;
  readonly log?: (entry: LogEntry) => void;
  /** sees the graph after each pass */
  readonly after?: (pass: string, graph: Graph) => void;
}

/** @throws HaioError HAIO_E_NAME for names that are neither of a pass nor of a rule */
export function checkOff(passes: readonly Pass[], off: readonly string[]): void {
  const known = new Set(passes.flatMap((p) => [p.name, ...(p.rules ?? [])]));
  for (const name of off)
    if (!known.has(name))
      raise('HAIO_E_NAME', { what: 'pass or rule', name, known: [...known].join(', ') });
}

/** Runs `passes` in order. Every error names the pass: HAIO_E_PASS. */
export function runPasses(graph: Graph, passes: readonly Pass[], options: RunOptions = {}): Graph {
  const { off = [], stopAfter, verify = false, log, after } = options;
  const names = passes.map((p) => p.name);
  if (stopAfter !== undefined && !names.includes(stopAfter))
    raise('HAIO_E_NAME', { what: 'pass', name: stopAfter, known: names.join(', ') });
  let left = options.limit ?? Infinity;
  let current = graph;
  for (const pass of passes) {
    if (!off.includes(pass.name)) {
      const ctx: PassContext = {
        allow(rule, node) {
          if (off.includes(rule) || left <= 0) return false;
          left--;
          log?.({ pass: pass.name, rule, at: describe(node) });
          return true;
        },
        refuse: (rule, node, reason) =>
          log?.({ pass: pass.name, rule, at: describe(node), reason }),
      };
      current = runOne(pass, current, ctx, verify);
      after?.(pass.name, current);
    }
    if (pass.name === stopAfter) break;
  }
  return current;
}

function runOne(pass: Pass, graph: Graph, ctx: PassContext, verify: boolean): Graph {
  let result: Graph;
  try {
    result = pass.run(graph, ctx);
  } catch (e) {
    // an ordinary error of haio keeps its code under the pass's name; pins pass through untouched
    if (e instanceof HaioError) raise('HAIO_E_PASS', { pass: pass.name, reason: e.message }, e);
    throw e;
  }
  const problem = verify ? verifyGraph(result, graph) : null;
  if (problem !== null) raise('HAIO_E_PASS', { pass: pass.name, reason: problem });
  return result;
}

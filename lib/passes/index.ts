/** The pipeline: what is done to a graph, in this order. Each entry says why it stands where it does. */
import { mapBodies, updateCaptures } from '../ir/bodies.js';
import type { Graph } from '../ir/graph.js';
import { type Pass, type RunOptions, rules, checkOff, runPasses } from '../ir/pass.js';
import { convPadding } from './conv-padding.js';
import { commonSubexpressions } from './common-subexpressions.js';
import { deadCode } from './dead-code.js';
import { FOLD, foldConstants } from './fold-constants.js';
import { foldBatchNorm } from './fold-batch-norm.js';
import { concatBehind, foldIntoGemm } from './fold-into-gemm.js';
import { ACTIVATION_RULES } from './fuse-activations.js';
import { fuseAttention } from './fuse-attention.js';
import { fuseChains } from './fuse-chains.js';
import { GELU_RULES } from './fuse-gelu.js';
import { fuseLayerNorm } from './fuse-layer-norm.js';
import { fuseResidualNorm } from './fuse-residual-norm.js';
import { QUANTIZE_RULES, integerProducts } from './integer-products.js';
import { mergeProducts } from './merge-products.js';
import { narrowProducts } from './narrow-products.js';
import { narrowStorage } from './narrow-storage.js';
import type { Precision } from './precisions.js';
import { ARITHMETIC_RULES } from './simplify-arithmetic.js';
import { LATE_VIEW_RULES, VIEW_RULES } from './simplify-views.js';
import { sinkTransposes } from './sink-transposes.js';
import { widenHalves } from './widen-halves.js';

const ALGEBRA = [
  FOLD,
  ...VIEW_RULES,
  ...ACTIVATION_RULES,
  ...GELU_RULES,
  ...ARITHMETIC_RULES,
  ...QUANTIZE_RULES,
];

export const PASSES: readonly Pass[] = [
  // shapes become numbers or sizes, so that no later pass sees the nodes that computed them
  foldConstants,
  deadCode,
  // before any pattern: kernels and fusions are for float32
  widenHalves,
  // patterns compare values by identity: equal ones must be one
  commonSubexpressions,
  // before other patterns take scales and products apart
  integerProducts,
  // fewer ways to write the same for all patterns below
  rules('simplify', ALGEBRA),
  commonSubexpressions,
  fuseLayerNorm,
  // while the Transposes of heads stand beside the products
  fuseAttention,
  // before anything is fused into the products, which may then stand side by side
  sinkTransposes,
  // what met there, and Transposes that turned out to move nothing
  rules('simplify-views', [...ALGEBRA, ...LATE_VIEW_RULES]),
  commonSubexpressions,
  // normalisations over channels are over the last axis only now
  fuseLayerNorm,
  // convolutions, and the scales and shifts behind them, work on the same layout now
  foldBatchNorm,
  mergeProducts,
  concatBehind,
  foldIntoGemm,
  // sums that no product could take
  fuseResidualNorm,
  // after folding: between products there is nothing left that pads would part
  convPadding,
  // what the passes above computed from constants
  foldConstants,
  commonSubexpressions,
  // last, as patterns do not look into chains
  fuseChains,
  deadCode,
];

/** What comes after PASSES for a precision. */
const NARROWING: Readonly<Record<Precision, readonly Pass[]>> = {
  fp32: [],
  bf16: [
    narrowProducts,
    // which values may be narrow depends on who reads them
    narrowStorage,
    deadCode,
  ],
};

export interface OptimizeOptions extends RunOptions {
  readonly precision?: Precision;
}

/** @throws HaioError HAIO_E_NAME for what is no pass or rule of any precision */
export const checkNames = (off: readonly string[]): void =>
  checkOff([...PASSES, ...Object.values(NARROWING).flat()], off);

/**
 * The graph rewritten by all passes, and so the bodies of its nodes; the same inputs, outputs and results
 * (up to rounding).
 */
export function optimize(graph: Graph, options: OptimizeOptions = {}): Graph {
  const { limit, log, off = [] } = options;
  checkNames(off);
  let left = limit ?? Infinity;
  const counted: OptimizeOptions = {
    ...options,
    log(entry) {
      if (entry.reason === undefined) left--;
      log?.(entry);
    },
  };
  const done = runPasses(graph, [...PASSES, ...NARROWING[options.precision ?? 'fp32']], counted);
  return mapBodies(updateCaptures(done), (body, node) =>
    // what `eval` runs knows no sizes, which are all that folding leaves of some nodes
    node.op.lower && (node.op.lowers?.(node) ?? true)
      ? optimize(body, limit === undefined ? counted : { ...counted, limit: left })
      : body,
  );
}

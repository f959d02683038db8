/**
 * Element-wise nodes behind a matrix product or convolution become its stages: they run on the
 * finished tile, so bias, residual and activation cost no pass over memory. Of two products that
 * meet in a sum the later one takes it.
 */
import { apply } from '../ir/build.js';
import {
  type Graph,
  type Node,
  type Value,
  dtypeOf,
  shapeOf,
  topological,
  usersOf,
} from '../ir/graph.js';
import { hasTrait, isOp } from '../ir/op.js';
import { type Pass, rules } from '../ir/pass.js';
import { scalarOf } from '../ir/pattern.js';
import { mapGraph, nodeRule } from '../ir/rewrite.js';
import type { GraphStage } from '../ir/stages.js';
import { Cast } from '../ops/cast.js';
import { Concat } from '../ops/concat.js';
import { DequantizeLinear } from '../ops/dequantize-linear.js';
import { runsIn } from '../ops/elementwise.js';
import { MAX_OPERANDS, MAX_STAGES } from '../ops/epilogue.js';
import { sameShape } from '../tensor/shape.js';
import { CARRIERS, type Carrier } from './carriers.js';
import { stagesOf } from './stages.js';

interface Fold {
  readonly carrier: Node;
  /** in topological order; the last one's output is the result */
  readonly nodes: readonly Node[];
}

/**
 * f(Concat(a, b)) is Concat(f(a), f(b)) for an element-wise f of one tensor: a pass of its own over
 * memory less where a or b comes from a product.
 */
export const concatBehind: Pass = rules('concat-behind', [
  nodeRule('concat-behind', null, (node, around) => {
    if (!hasTrait(node.op, 'elementwise') || node.outputs.length > 1) return null;
    const joined = node.inputs.filter((v) => v && scalarOf(v) === null);
    const [v] = joined;
    if (joined.length !== 1 || !isOp(v?.node, Concat) || around.uses(v) > 1) return null;
    const own = (p: Value | null): boolean =>
      p?.node != null && CARRIERS.has(p.node.op) && around.uses(p) === 1;
    if (!v.node.inputs.some(own)) return null;
    const parts = v.node.inputs.map((p) =>
      apply(
        node.op,
        node.attrs,
        node.inputs.map((w) => (w === v ? p : w)),
      ),
    );
    return apply(Concat, v.node.attrs, parts);
  }),
]);

export const foldIntoGemm: Pass = {
  name: 'fold-into-gemm',
  rules: ['fold'],
  run(graph, ctx) {
    const folds = findFolds(graph, (n) => ctx.allow('fold', n));
    const now = new Map<Node, Node>();
    return mapGraph(graph, (node, was) => {
      now.set(was, node);
      const fold = folds.get(was);
      if (!fold) return null;
      const made = folded(
        now.get(fold.carrier)!,
        fold.nodes.map((n) => now.get(n)!),
      );
      now.set(was, made.node!);
      return [made];
    });
  },
};

/** By the last node folded. */
function findFolds(graph: Graph, allow: (n: Node) => boolean): Map<Node, Fold> {
  const order = topological(graph.outputs);
  const place = new Map(order.map((n, i) => [n, i]));
  const users = usersOf(order);
  const outputs = new Set(graph.outputs);
  const taken = new Set<Node>();
  const folds = new Map<Node, Fold>();
  const usersAfter = (v: Value): Node[] => users.get(v) ?? [];
  for (const carrier of [...order].reverse()) {
    const kind = CARRIERS.get(carrier.op);
    if (!kind || carrier.outputs.length > 1) continue;
    const dtype = dtypeOf(carrier.outputs[0]!);
    if (dtype !== 'float32' && !(kind.integers && dtype === 'int32')) continue;
    const nodes = region(carrier, kind);
    const last = nodes.at(-1);
    if (!last || !allow(carrier)) continue;
    // operands' own nodes may serve several products
    nodes.filter((n) => !isOp(n, DequantizeLinear)).forEach((n) => taken.add(n));
    folds.set(last, { carrier, nodes });
  }
  return folds;

  /** The longest run of nodes after which only one value is left that others use. */
  function region(carrier: Node, kind: Carrier): readonly Node[] {
    const before = kind.stages(carrier);
    const start = carrier.outputs[0]!;
    const inside: Node[] = [];
    let best = 0;
    const open = new Set(usersAfter(start));
    while (open.size > 0) {
      const node = [...open].reduce((a, b) => (place.get(a)! < place.get(b)! ? a : b));
      open.delete(node);
      if (taken.has(node) || !fits(node, start, kind.integers)) continue;
      inside.push(node);
      if (before.length + inside.length > MAX_STAGES) break;
      for (const u of usersAfter(node.outputs[0]!)) open.add(u);
      const used = (v: Value): boolean =>
        outputs.has(v) || usersAfter(v).some((u) => !inside.includes(u));
      if ([start, ...inside.slice(0, -1).map((n) => n.outputs[0]!)].some(used)) continue;
      const extra = carrier.inputs.length - kind.inputs;
      if (stagesOf(inside, [start]).operands.length + extra <= MAX_OPERANDS) best = inside.length;
    }
    // what is quantised last is stored so: who reads it dequantises it
    if (kind.integers && best > 1 && isOp(inside[best - 1], DequantizeLinear)) best--;
    return kind.integers ? withOperands(inside.slice(0, best)) : inside.slice(0, best);
  }
}

/** The nodes after those that only dequantise their operands: bytes are read, not floats. */
function withOperands(nodes: readonly Node[]): readonly Node[] {
  const shape = nodes[0] && shapeOf(nodes[0].outputs[0]!);
  const before = nodes
    .flatMap((n) => n.inputs)
    .flatMap((v) => (isOp(v?.node, DequantizeLinear) && !nodes.includes(v.node) ? [v.node] : []))
    .filter((n) => shape && sameShape(shapeOf(n.outputs[0]!), shape))
    .filter((n) => n.inputs.every((v) => v && ['int8', 'uint8', 'float32'].includes(dtypeOf(v))));
  return [...new Set(before), ...nodes];
}

/**
 * Same shape, float32 throughout, and the stage has a kernel. Behind int32 sums: first a Cast to
 * float32, then any types that float32 holds.
 */
function fits(node: Node, tile: Value, integers: boolean): boolean {
  const [y] = node.outputs as readonly [Value];
  if (!runsIn(node, 'f32') || node.outputs.length > 1 || !sameShape(shapeOf(y), shapeOf(tile)))
    return false;
  const types = [...node.inputs, y].map((v) => (v ? dtypeOf(v) : null));
  if (types.every((t) => t === 'float32')) return true;
  if (!integers) return false;
  if (node.inputs.includes(tile)) return isOp(node, Cast) && dtypeOf(y) === 'float32';
  return types.every((t) => t === 'float32' || t === 'int8' || t === 'uint8');
}

function folded(carrier: Node, nodes: readonly Node[]): Value {
  const kind = CARRIERS.get(carrier.op)!;
  const { stages, operands } = stagesOf(nodes, [carrier.outputs[0]!]);
  const old = kind.stages(carrier);
  const inputs = Array.from({ length: kind.inputs }, (_, i) => carrier.inputs[i] ?? null);
  const extras = carrier.inputs.slice(kind.inputs);
  const all = joinStages(old, extras.length, stages, operands.length);
  return apply(carrier.op, kind.withStages(carrier, all), [...inputs, ...extras, ...operands], {
    origin: [...new Set([carrier, ...nodes].flatMap((n) => n.origin))],
    names: [nodes.at(-1)!.outputs[0]!.name],
  });
}

/** `next` after `first`: slot 0 of `next` is the result of `first`, its operands come after those. */
function joinStages(
  first: readonly GraphStage[],
  firstOperands: number,
  next: readonly GraphStage[],
  nextOperands: number,
): GraphStage[] {
  if (first.length === 0) return [...next];
  const results = 1 + firstOperands;
  const ofFirst = (a: number): number => (a < results ? a : a + nextOperands);
  const result = ofFirst(results + first.length - 1);
  const ofNext = (a: number): number => {
    if (a === 0) return result;
    return a <= nextOperands ? firstOperands + a : result + a - nextOperands;
  };
  return [
    ...first.map((s) => ({ ...s, args: s.args.map(ofFirst) })),
    ...next.map((s) => ({ ...s, args: s.args.map(ofNext) })),
  ];
}

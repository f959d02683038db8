/**
 * Values between nodes that can load and store bfloat16 are stored in it. Values that only moving
 * nodes part are of one type; each group of them is narrow or none of it is. The graph's own inputs
 * are narrowed first where all who read them can load that; its outputs stay as they are.
 */
import { apply, applyAll, constantTensor, literal } from '../ir/build.js';
import {
  type Graph,
  type Node,
  type Value,
  dtypeOf,
  isTensorType,
  topological,
  usersOf,
} from '../ir/graph.js';
import { type OpDef, isOp } from '../ir/op.js';
import type { Pass } from '../ir/pass.js';
import { mapGraph } from '../ir/rewrite.js';
import type { GraphStage } from '../ir/stages.js';
import { Attention, type AttentionAttrs } from '../ops/attention.js';
import { Cast } from '../ops/cast.js';
import { Chain } from '../ops/chain.js';
import { MAX_CHAIN_INPUTS, MAX_CHAIN_STAGES } from '../ops/chain-step.js';
import { Concat } from '../ops/concat.js';
import { runsIn } from '../ops/elementwise.js';
import { Gelu, type GeluAttrs } from '../ops/gelu.js';
import { MaxPool } from '../ops/max-pool.js';
import type { Narrowable } from '../ops/narrow.js';
import { Pad } from '../ops/pad.js';
import { toNumbers } from '../tensor/tensor.js';
import { CARRIERS } from './carriers.js';
import { stagesOf } from './stages.js';

const isFloat32 = (v: Value | null): boolean =>
  v !== null && isTensorType(v.fact.type) && dtypeOf(v) === 'float32';

/** A node that multiplies narrow operands. */
const multiplies = (node: Node): boolean =>
  CARRIERS.has(node.op) && (node.attrs as Narrowable).narrow !== undefined;

/** A step of stages over float32 operands. */
function isChain(node: Node): boolean {
  if (node.outputs.length !== 1 || ![...node.inputs, ...node.outputs].every(isFloat32))
    return false;
  const count = isOp(node, Chain) ? node.attrs.stages.length : 1;
  if (count + node.inputs.length >= MAX_CHAIN_STAGES || node.inputs.length > MAX_CHAIN_INPUTS)
    return false;
  return isOp(node, Chain) ? Chain.lowers!(node) : runsIn(node, 'f32');
}

/** Inputs whose elements the node only moves, or chooses from, or null. */
function moved(node: Node): readonly number[] | null {
  if (node.op === (Concat as OpDef)) return node.inputs.map((_, i) => i);
  if (isOp(node, Pad))
    return node.attrs.mode === 'constant' && constantTensor(node.inputs[2] ?? node.inputs[0]!)
      ? [0]
      : null;
  if (isOp(node, MaxPool)) return node.attrs.indices === 'none' ? [0] : null;
  return node.op.view && !isOp(node, Cast) ? [0] : null;
}

const isMover = (node: Node): boolean => {
  const inputs = moved(node);
  return (
    inputs !== null &&
    inputs.every((i) => isFloat32(node.inputs[i]!)) &&
    node.outputs.every(isFloat32)
  );
};

/** Attention that multiplies narrow operands: its first three inputs, and its output, may be stored so. */
const attends = (node: Node): node is Node<AttentionAttrs> =>
  isOp(node, Attention) && node.attrs.narrow !== undefined;

/** A node that can store what it computes. */
const known = (node: Node): boolean =>
  multiplies(node) || attends(node) || isChain(node) || isMover(node);

/** Values in groups that must be of one type. */
class Groups {
  readonly #of = new Map<Value, Value>();
  find(v: Value): Value {
    const up = this.#of.get(v);
    if (!up) return v;
    const top = this.find(up);
    this.#of.set(v, top);
    return top;
  }
  join(a: Value, b: Value): void {
    const [x, y] = [this.find(a), this.find(b)];
    if (x !== y) this.#of.set(x, y);
  }
}

/** The values to narrow. */
function chosen(graph: Graph): Set<Value> {
  const order = topological(graph.outputs);
  const users = usersOf(order);
  const groups = new Groups();
  for (const node of order)
    if (isMover(node))
      for (const i of moved(node)!) for (const o of node.outputs) groups.join(node.inputs[i]!, o);
  const outputs = new Set(graph.outputs);
  const loads = (node: Node, v: Value): boolean => {
    if (isChain(node)) return true;
    if (isMover(node)) return node.inputs.every((u, i) => u !== v || moved(node)!.includes(i));
    if (attends(node)) return node.inputs[3] !== v;
    const carrier = multiplies(node) ? CARRIERS.get(node.op)! : null;
    return carrier !== null && node.inputs.every((u, i) => u !== v || i < 2 || i >= carrier.inputs);
  };
  const refused = new Set<Value>();
  const values = order.flatMap((n) => n.outputs).filter(isFloat32);
  const read = order.flatMap((n) => n.inputs).filter((v): v is Value => v !== null && isFloat32(v));
  for (const v of new Set([...values, ...read])) {
    const given = v.node === null && !v.weight;
    const stores = given || (v.node && known(v.node));
    const fits = stores && !outputs.has(v) && (users.get(v) ?? []).every((u) => loads(u, v));
    if (!fits) refused.add(groups.find(v));
  }
  return new Set([...values, ...read].filter((v) => !refused.has(groups.find(v))));
}

const narrowed = (v: Value): Value | null =>
  v.node &&
  isOp(v.node, Cast) &&
  dtypeOf(v.node.inputs[0]!) === 'bfloat16' &&
  dtypeOf(v) === 'float32'
    ? v.node.inputs[0]!
    : null;
const widened = (v: Value): Value => apply(Cast, { to: 'float32' }, [v]);

/** Operands as they are stored and stages that widen them first; `before`: slots in front of theirs. */
function loading(
  operands: readonly Value[],
  stages: readonly GraphStage[],
  before: number,
): { readonly operands: Value[]; readonly stages: GraphStage[] } {
  const casts: GraphStage[] = [];
  const first = before + operands.length;
  const slots = operands.map((v, i) => {
    if (!narrowed(v)) return before + i;
    casts.push({ op: Cast, attrs: { to: 'float32' }, args: [before + i] });
    return first + casts.length - 1;
  });
  const slot = (s: number): number =>
    s < before ? s : s < first ? slots[s - before]! : s + casts.length;
  return {
    operands: operands.map((v) => narrowed(v) ?? v),
    stages: [...casts, ...stages.map((s) => ({ ...s, args: s.args.map(slot) }))],
  };
}

/** A stage whose result is rounded to bfloat16 need be no more accurate. */
const coarse = (s: GraphStage): GraphStage =>
  (s.op as unknown) === Gelu && (s.attrs as GeluAttrs).approximate === 'none'
    ? { ...s, attrs: { approximate: 'coarse' } satisfies GeluAttrs }
    : s;

/** The stages and a last one that narrows; `slots`: in front of theirs. */
const storing = (stages: readonly GraphStage[], slots: number): GraphStage[] => [
  ...stages.slice(0, -1),
  ...stages.slice(-1).map(coarse),
  {
    op: Cast,
    attrs: { to: 'bfloat16' },
    args: [stages.length === 0 ? 0 : slots + stages.length - 1],
  },
];

function remade(node: Node, store: boolean): readonly Value[] {
  const options = { origin: node.origin, names: node.outputs.map((o) => o.name) };
  if (attends(node)) {
    const attrs: AttentionAttrs = store ? { ...node.attrs, to: 'bfloat16' } : node.attrs;
    return [
      apply(
        Attention,
        attrs,
        node.inputs.map((v) => v && (narrowed(v) ?? v)),
        options,
      ),
    ];
  }
  const carrier = multiplies(node) ? CARRIERS.get(node.op) : undefined;
  if (carrier) {
    const own = node.inputs.slice(0, carrier.inputs).map((v) => v && (narrowed(v) ?? v));
    const extras = node.inputs.slice(carrier.inputs) as readonly Value[];
    const { operands, stages } = loading(extras, carrier.stages(node), 1);
    const all = store ? storing(stages, 1 + operands.length) : stages;
    return [apply(node.op, carrier.withStages(node, all), [...own, ...operands], options)];
  }
  const inner = isOp(node, Chain)
    ? { stages: node.attrs.stages, operands: node.inputs as readonly Value[] }
    : stagesOf([node], []);
  const { operands, stages } = loading(inner.operands, inner.stages, 0);
  const all = store ? storing(stages, operands.length) : stages;
  return [apply(Chain, { stages: all }, operands, options)];
}

/** A moving node on what is stored. */
function shifted(node: Node): readonly Value[] {
  const data = moved(node)!;
  const inputs = node.inputs.map((v, i) => {
    if (v && data.includes(i)) return narrowed(v) ?? v;
    if (v && isOp(node, Pad) && i === 2)
      return literal('bfloat16', [], toNumbers(constantTensor(v)!));
    return v;
  });
  return applyAll(node.op, node.attrs, inputs, {
    origin: node.origin,
    wanted: node.outputs.map(() => true),
    names: node.outputs.map((o) => o.name),
  });
}

export const narrowStorage: Pass = {
  name: 'narrow-storage',
  rules: ['narrow'],
  run(graph, ctx) {
    const narrow = chosen(graph);
    const brought = new Map(
      graph.inputs
        .filter((v) => narrow.has(v))
        .map((v) => [v, widened(apply(Cast, { to: 'bfloat16' }, [v]))]),
    );
    return mapGraph(graph, (now, was) => {
      const inputs = now.inputs.map((v) => v && (brought.get(v) ?? v));
      const node = { ...now, inputs };
      const store = narrow.has(was.outputs[0]!);
      const load = node.inputs.some((v) => v && narrowed(v));
      if (!known(was) || (!store && !load) || !ctx.allow('narrow', was)) return null;
      const outputs = isMover(was) ? shifted(node) : remade(node, store);
      return store ? outputs.map(widened) : outputs;
    });
  },
};

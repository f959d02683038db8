/** Nodes → steps with symbolic sizes: gives each value an operand and calls OpDef.view or OpDef.lower. */
import { raise } from '../errors.js';
import { constantTensor } from '../ir/build.js';
import { type Graph, type Node, type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import type { Buffer, LoopSpec, Lowering, Operand, StepSpec } from '../ir/step.js';
import { copyStep, samePlace } from '../ops/moving.js';
import type { Dim } from '../tensor/dim.js';
import { type DType, storageOf } from '../tensor/dtype.js';
import { type Weight, weightOf } from '../tensor/weight.js';
import { type Appended, roomOf } from './appended.js';
import type { LoopBlock, PlanBlock, PlanItem } from './items.js';
import { bodyNodes } from './needed.js';
import { sliceWindow, stateWindows } from './windows.js';
import { hasRows, isDenseOperand, newOperand, placeValues, whole } from './place.js';

export interface LoweredRegion {
  readonly items: readonly PlanItem[];
  /** values that must be brought, in the order of the 'input' buffers */
  readonly inputs: readonly Value[];
  /** values it gives, in the order of the 'output' buffers */
  readonly outputs: readonly Value[];
  /** what these buffers are: larger than their values where something is appended */
  readonly rooms: readonly { readonly dtype: DType; readonly shape: readonly Dim[] }[];
}

const operandKey = (o: Operand, ids: Map<Buffer, number>): string => {
  let id = ids.get(o.buffer);
  if (id === undefined) ids.set(o.buffer, (id = ids.size));
  const dims = [o.offset, ...o.shape, ...o.strides];
  return [id, o.dtype, ...dims.map((d) => (typeof d === 'number' ? d : `s${d.id}`))].join();
};

class RegionLowering {
  readonly items: PlanItem[] = [];
  readonly inputs: Value[];
  readonly #operands = new Map<Value, Operand>();
  readonly #weights: Map<Weight, Operand>;
  readonly #copies: Map<string, Operand>;
  readonly #ids: Map<Buffer, number>;
  readonly #place: Map<Value, Operand>;
  /** what the node at work becomes; its cost is given to the last step */
  #current: (StepSpec | PlanBlock)[] = [];

  /** With an outer one: of a body in it. Copies that are made within a body are for that body only. */
  constructor(place: Map<Value, Operand>, outer: RegionLowering | null = null) {
    this.#place = place;
    this.inputs = outer?.inputs ?? [];
    this.#weights = outer ? outer.#weights : new Map<Weight, Operand>();
    this.#copies = new Map(outer ? outer.#copies : []);
    this.#ids = outer ? outer.#ids : new Map<Buffer, number>();
  }

  of(v: Value): Operand {
    const known = this.#operands.get(v);
    if (known) return known;
    const tensor = v.weight ? null : constantTensor(v);
    const operand = v.weight
      ? this.constant(v.weight)
      : tensor
        ? this.constant(weightOf(tensor))
        : whole({ kind: 'input', bytes: 0, index: this.inputs.length }, dtypeOf(v), shapeOf(v));
    if (operand.buffer.kind === 'input') this.inputs.push(v);
    this.#operands.set(v, operand);
    return operand;
  }

  constant(weight: Weight): Operand {
    let operand = this.#weights.get(weight);
    if (!operand) {
      const { shape, strides, offset } = weight;
      const dtype = storageOf(weight.dtype);
      operand = { buffer: { kind: 'weight', bytes: 0, weight }, dtype, shape, strides, offset };
      this.#weights.set(weight, operand);
    }
    return operand;
  }

  copy(from: Operand): Operand {
    const key = operandKey(from, this.#ids);
    let to = this.#copies.get(key);
    if (!to) {
      to = newOperand(from.dtype, from.shape);
      this.#copies.set(key, to);
      this.#current.push(copyStep(from, to));
    }
    return to;
  }

  #out(node: Node, k: number): Operand {
    const v = node.outputs[k];
    if (!v)
      raise('HAIO_E_INTERNAL', {
        reason: `${node.op.name}.lower asks for output ${k} of ${node.outputs.length}`,
      });
    let operand = this.#operands.get(v);
    if (!operand) {
      operand = this.#place.get(v) ?? newOperand(dtypeOf(v), shapeOf(v));
      this.#operands.set(v, operand);
    }
    return operand;
  }

  node(node: Node): void {
    const source = node.inputs[0];
    const views = node.op.view && source ? node.op.view(node, this.of(source)) : null;
    if (views) {
      node.outputs.forEach((v, i) => {
        const operand = views[i];
        if (operand) this.#operands.set(v, operand);
      });
      if (node.outputs.every((_, i) => views[i])) return;
    }
    this.#current = [];
    const optional = (i: number): Operand | null => {
      const v = node.inputs[i];
      return v ? this.of(v) : null;
    };
    const l: Lowering = {
      in: (i) =>
        optional(i) ??
        raise('HAIO_E_INTERNAL', { reason: `${node.op.name}.lower needs input ${i}` }),
      optional,
      out: (k = 0) => this.#out(node, k),
      temp: newOperand,
      rows: (o) => (hasRows(o) ? o : this.copy(o)),
      dense: (o) => (isDenseOperand(o) ? o : this.copy(o)),
      constant: (w) => this.constant(w),
      of: (v) => this.of(v),
      emit: (step) => this.#current.push(step),
      branch: (condition, bodies, inputs) => {
        const outputs = node.outputs.map((_, k) => this.#out(node, k));
        const lowered = bodies.map((g) => this.#body(g, inputs, outputs));
        const [a, b] = lowered as [PlanItem[], PlanItem[]];
        this.#current.push({ kind: 'if', node, condition, bodies: [a, b] });
      },
      loop: (spec) => this.#current.push(this.#loop(node, spec)),
    };
    node.op.lower!(node, l);
    const flops = node.op.cost?.(node).flops ?? 0;
    const last = this.#current.length - 1;
    this.#current.forEach((made, i) =>
      this.items.push(
        'kernel' in made ? { spec: made, node, flops: i === last ? flops : 0 } : made,
      ),
    );
  }

  /** The body's items, which take its inputs from `inputs` and leave its outputs in `outputs`. */
  #body(
    graph: Graph,
    inputs: readonly Operand[],
    outputs: readonly (Operand | null)[],
  ): PlanItem[] {
    const nodes = bodyNodes(graph);
    const targets = graph.outputs.flatMap((v, i): (readonly [Value, Operand])[] =>
      outputs[i] ? [[v, outputs[i]]] : [],
    );
    const body = new RegionLowering(placeValues(nodes, targets), this);
    graph.inputs.forEach((v, i) => body.#operands.set(v, inputs[i]!));
    for (const node of nodes) body.node(node);
    for (const [v, to] of targets) body.finish(v, to);
    return body.items;
  }

  #loop(node: Node, { body, trips, limit, first, next, inputs, outputs }: LoopSpec): LoopBlock {
    const to: (Operand | null)[] = [...body.outputs.map(() => null)];
    const windows: Buffer[] = [];
    const inWindow = (made: Operand): Operand => {
      windows.push(made.buffer);
      return made;
    };
    let counter: Operand | null = null;
    const lasts: PlanItem[] = [];
    const from = inputs.map((x): Operand => {
      if (x.kind === 'same') return x.at;
      if (x.kind === 'counter') return (counter ??= newOperand('int64', []));
      if (x.kind === 'slice') return inWindow(sliceWindow(x, trips));
      const [now, later] = stateWindows(x.initial).map(inWindow) as [Operand, Operand];
      this.#current.push(copyStep(x.initial, { ...now, buffer: now.buffer.window!.base.buffer }));
      to[x.from] = later;
      lasts.push({ spec: copyStep(now, x.last), node, flops: 0 });
      return now;
    });
    outputs.forEach((x, i) => {
      if (x) to[i] = inWindow(sliceWindow(x, trips));
    });
    const condition = next === null ? null : newOperand('bool', shapeOf(body.outputs[next]!));
    if (condition) to[next!] = condition;
    const trip = this.#body(body, from, to);
    const cells = { limit, first, next: condition, counter };
    return { kind: 'loop', node, trips, ...cells, windows, bodies: [trip, lasts] };
  }

  /** Says where v, which nothing here makes, lies. */
  set(v: Value, at: Operand): void {
    this.#operands.set(v, at);
  }

  /** Copies v to `to` unless it lies there. */
  finish(v: Value, to: Operand): void {
    const from = this.of(v);
    if (!samePlace(from, to)) this.items.push({ spec: copyStep(from, to), node: v.node, flops: 0 });
  }
}

/**
 * Steps of `nodes` (in topological order), which give the values of `outputs`. Values that no node
 * here makes are weights, known from facts, or the region's inputs.
 */
export function lowerRegion(
  nodes: readonly Node[],
  outputs: readonly Value[],
  appended: readonly Appended[] = [],
): LoweredRegion {
  const pairOf = (v: Value): Appended | undefined => appended.find((p) => p.present === v);
  const rooms = outputs.map((v) => {
    const pair = pairOf(v);
    return { dtype: dtypeOf(v), shape: pair ? roomOf(pair) : shapeOf(v) };
  });
  const targets = outputs.map((v, index): [Value, Operand] => {
    const { dtype, shape } = rooms[index]!;
    return [v, { ...whole({ kind: 'output', bytes: 0, index }, dtype, shape), shape: shapeOf(v) }];
  });
  const lowering = new RegionLowering(placeValues(nodes, targets));
  for (const [v, at] of targets) {
    const past = pairOf(v)?.past;
    if (past) lowering.set(past, { ...at, shape: shapeOf(past) });
  }
  for (const node of nodes) lowering.node(node);
  for (const [v, to] of targets) lowering.finish(v, to);
  return { items: lowering.items, inputs: lowering.inputs, outputs, rooms };
}

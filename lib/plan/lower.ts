/** Nodes → steps with symbolic sizes: gives each value an operand and calls OpDef.view or OpDef.lower. */
import { raise } from '../errors.js';
import { constantTensor } from '../ir/build.js';
import { type Node, type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import type { Buffer, Lowering, Operand, StepSpec } from '../ir/step.js';
import { copyStep, samePlace } from '../ops/moving.js';
import type { Dim } from '../tensor/dim.js';
import { storageOf } from '../tensor/dtype.js';
import { type Weight, weightOf } from '../tensor/weight.js';
import { hasRows, isDenseOperand, newOperand, placeValues, whole } from './place.js';

export interface PlanStep {
  readonly spec: StepSpec;
  /** the node it belongs to; null for copies to the region's outputs */
  readonly node: Node | null;
  /** floating-point operations */
  readonly flops: Dim;
}

export interface LoweredRegion {
  readonly steps: readonly PlanStep[];
  /** values that must be brought, in the order of the 'input' buffers */
  readonly inputs: readonly Value[];
  /** values it gives, in the order of the 'output' buffers */
  readonly outputs: readonly Value[];
}

/** The elements of a value whose fact gives them all as expressions; a run fills it from sizes. */
export const hasKnownElements = (v: Value): boolean =>
  v.weight !== undefined || v.fact.value !== undefined;

const operandKey = (o: Operand, ids: Map<Buffer, number>): string => {
  let id = ids.get(o.buffer);
  if (id === undefined) ids.set(o.buffer, (id = ids.size));
  const dims = [o.offset, ...o.shape, ...o.strides];
  return [id, o.dtype, ...dims.map((d) => (typeof d === 'number' ? d : `s${d.id}`))].join();
};

class RegionLowering {
  readonly steps: PlanStep[] = [];
  readonly inputs: Value[] = [];
  readonly #operands = new Map<Value, Operand>();
  readonly #weights = new Map<Weight, Operand>();
  readonly #copies = new Map<string, Operand>();
  readonly #ids = new Map<Buffer, number>();
  readonly #place: Map<Value, Operand>;
  /** steps of the node at work; cost is given to the last of them */
  #current: StepSpec[] = [];

  constructor(place: Map<Value, Operand>) {
    this.#place = place;
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
    };
    node.op.lower!(node, l);
    const flops = node.op.cost?.(node).flops ?? 0;
    const last = this.#current.length - 1;
    this.#current.forEach((spec, i) =>
      this.steps.push({ spec, node, flops: i === last ? flops : 0 }),
    );
  }

  /** Copies v to `to` unless it lies there. */
  finish(v: Value, to: Operand): void {
    const from = this.of(v);
    if (!samePlace(from, to)) this.steps.push({ spec: copyStep(from, to), node: v.node, flops: 0 });
  }
}

/**
 * Steps of `nodes` (in topological order), which give the values of `outputs`. Values that no node
 * here makes are weights, known from facts, or the region's inputs.
 */
export function lowerRegion(nodes: readonly Node[], outputs: readonly Value[]): LoweredRegion {
  const targets = outputs.map(
    (v, index) => [v, whole({ kind: 'output', bytes: 0, index }, dtypeOf(v), shapeOf(v))] as const,
  );
  const lowering = new RegionLowering(placeValues(nodes, targets));
  for (const node of nodes) lowering.node(node);
  for (const [v, to] of targets) lowering.finish(v, to);
  return { steps: lowering.steps, inputs: lowering.inputs, outputs };
}

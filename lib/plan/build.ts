/** Graph → compiled model in the addon's registry: regions, lowering, constant steps, schedule, bytes. */
import { raise } from '../errors.js';
import { bodiesOf } from '../ir/bodies.js';
import { type Graph, type Node, type Value, input, isTensorType, typeOf } from '../ir/graph.js';
import type { StepSpec } from '../ir/step.js';
import type { Addon } from '../native/types.js';
import { DimTable } from '../tensor/dim.js';
import { CAPACITY, type StateNames } from './appended.js';
import { type AttrWriter, type Json, weightBytes, writeAttrs } from './attrs.js';
import { fillWeights } from './constants.js';
import { type HostDraft, type HostNodeDraft, type NativeDraft, encodeHead } from './encode.js';
import { splitConstants } from './fold.js';
import { type Part, type Parts, ValueNumbers, makeParts } from './parts.js';
import { planRegion } from './region.js';
import { expandComposites } from './regions.js';
import { WeightStore } from './store.js';
import { KernelList } from './words.js';

export interface BuildEnvironment {
  readonly native: Addon;
  /** constant steps run on it; '' for the best usable one */
  readonly isa: string;
  /** kept with the model, for those who open it */
  readonly about?: Json;
  /** outputs that inputs of the next run take */
  readonly state?: StateNames;
}

export interface BuildMeta {
  readonly steps: number;
  /** steps that were run once, now */
  readonly constantSteps: number;
  /** 'Op (origin)' of nodes that run in JavaScript, with the kernel that is not there */
  readonly hostNodes: readonly string[];
  readonly weightBytes: number;
  readonly totalBytes: number;
}

class Builder {
  readonly table = new DimTable();
  readonly store = new WeightStore();
  readonly origins: string[] = [];
  readonly hostNodes: string[] = [];
  steps = 0;
  constantSteps = 0;
  readonly #kernels: KernelList;
  readonly #values: ValueNumbers;
  readonly #origin = new Map<string, number>();

  constructor(kernels: KernelList, values: ValueNumbers) {
    this.#kernels = kernels;
    this.#values = values;
  }

  regions({ parts, missing }: Parts): (NativeDraft | HostDraft)[] {
    return parts.map((p) => (p.native ? this.native(p) : this.host(p, missing)));
  }

  #originOf(node: Node | null): number {
    const name = node ? node.origin.join(' + ') || node.op.name : 'output';
    let i = this.#origin.get(name);
    if (i === undefined) this.#origin.set(name, (i = this.origins.push(name) - 1));
    return i;
  }

  native({ lowered, outputs }: Part & { native: true }): NativeDraft {
    const { groups, rest } = splitConstants(lowered.items);
    for (const group of groups) {
      this.store.announce(group);
      this.constantSteps += group.steps.length;
    }
    const region = planRegion(
      {
        items: rest,
        inputs: lowered.inputs.map(typeOf),
        outputs: lowered.rooms,
        origin: (s) => this.#originOf(s.node),
        locate: (b) => {
          if (b.kind !== 'weight') return { kind: b.kind, index: b.index!, base: 0 };
          const base = b.weight ? this.store.weight(b.weight) : this.store.result(b);
          return { kind: 'weight', index: 0, base };
        },
      },
      this.table,
      this.#kernels,
    );
    this.steps += region.steps.length;
    return {
      ...region,
      inputs: lowered.inputs.map((v) => this.#values.of(v)),
      outputs,
      order: region.arena.order,
      flops: Int32Array.from(region.steps, (s) => this.table.intern(s.flops)),
    };
  }

  readonly #attrs: AttrWriter = {
    row: (d) => this.table.intern(d),
    store: (w) => this.store.raw(weightBytes(w)),
  };

  host({ nodes, bodies }: Part & { native: false }, missing: ReadonlyMap<Node, string>): HostDraft {
    const host = nodes.map((n): HostNodeDraft => {
      const kernel = missing.get(n);
      const why = kernel === undefined ? '' : `: no kernel ${kernel}`;
      this.hostNodes.push(`${n.op.name} (${n.origin.join(' + ')})${why}`);
      const own = bodies.get(n) ?? [];
      // the plans of the bodies stand for their nodes
      const attrs =
        own.length > 0 ? n.op.withBodies!(n.attrs, bodiesOf(n).map(withoutNodes)) : n.attrs;
      return {
        op: n.op.name,
        attrs: writeAttrs(attrs, this.#attrs),
        origin: this.#originOf(n),
        inputs: n.inputs.map((v) => (v ? this.#values.of(v) : -1)),
        outputs: n.outputs.map((v) => this.#values.of(v)),
        bodies: own.map((b) => ({
          inputs: b.inputs,
          outputs: b.outputs,
          regions: this.regions(b),
        })),
      };
    });
    return { host };
  }

  /** Call when all regions are done: they number the values. */
  values(): Json[] {
    return this.#values.list.map((v) => {
      const { type } = v.fact;
      if (!isTensorType(type)) return [v.name, null, [], null];
      const rows = type.shape.map((d) => this.table.intern(d));
      return [v.name, type.dtype, rows, this.#source(v)];
    });
  }
  #source(v: Value): Json {
    if (v.weight?.strings) return { strings: [...v.weight.strings] };
    if (v.weight) return { at: this.store.raw(weightBytes(v.weight)) };
    if (v.fact.value && v.node) return { rows: v.fact.value.map((d) => this.table.intern(d)) };
    return null;
  }
}

/** A body's inputs and outputs: values of these types that nothing makes. */
const withoutNodes = (body: Graph): Graph => {
  const outputs = body.outputs.map((v) => input(v.name, v.fact.type));
  return { ...body, inputs: [...body.inputs, ...outputs], outputs };
};

/** Names of operators of host nodes, those in bodies included, that have no `eval`. */
const withoutEval = ({ parts }: Parts): string[] =>
  parts.flatMap((p) => {
    if (p.native) return [];
    const own = p.nodes.filter((n) => !n.op.eval).map((n) => n.op.name);
    return [...own, ...[...p.bodies.values()].flat().flatMap(withoutEval)];
  });

/** Host nodes need `eval`; all others are named in one error. */
function checkHostNodes(made: Parts): void {
  const missing = new Set(withoutEval(made));
  if (missing.size > 0) raise('HAIO_E_UNSUPPORTED', { list: [...missing].join(', ') });
}

/**
 * Compiles the graph as it is (all passes done). The id belongs to the caller, who releases it.
 * @throws HaioError
 */
export function buildModel(
  source: Graph,
  env: BuildEnvironment,
): { model: number; meta: BuildMeta } {
  const graph = expandComposites(source);
  const rows = env.native.inspect().ops;
  const kernels = new KernelList(rows);
  const values = new ValueNumbers();
  const context = { values, lacks: (step: StepSpec) => kernels.lacks(step) };
  const made = makeParts(graph, context, { names: env.state ?? {} });
  checkHostNodes(made);
  const b = new Builder(kernels, values);
  const regions = b.regions(made);
  const state = made.appended.map(({ past, present, axis }) => ({
    input: graph.inputs.indexOf(past),
    output: graph.outputs.indexOf(present),
    axis,
  }));
  const capacity = state.length > 0 ? b.table.intern(CAPACITY) : null;
  const table = b.values();
  const { head, weightsAt, total } = encodeHead({
    table: b.table,
    values: table,
    inputs: graph.inputs.map((v, i) => ({ name: v.name, value: made.inputs[i]! })),
    outputs: made.outputs.map((value, i) => ({ name: graph.outputNames[i]!, value })),
    state,
    capacity,
    regions,
    kernels: kernels.names,
    origins: b.origins,
    weightBytes: b.store.bytes,
    about: env.about ?? null,
  });
  const model = env.native.modelCreate(total);
  try {
    env.native.modelWrite(model, 0, head);
    fillWeights(b.store, { ...env, rows, model, weightsAt });
  } catch (e) {
    env.native.modelRelease(model);
    throw e;
  }
  const meta = {
    steps: b.steps,
    constantSteps: b.constantSteps,
    hostNodes: b.hostNodes,
    weightBytes: b.store.bytes,
    totalBytes: total,
  };
  return { model, meta };
}

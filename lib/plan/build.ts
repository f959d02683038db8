/** Graph → compiled model in the addon's registry: regions, lowering, constant steps, schedule, bytes. */
import { raise } from '../errors.js';
import { type Graph, type Node, type Value, isTensorType, typeOf } from '../ir/graph.js';
import type { Addon } from '../native/types.js';
import { DimTable } from '../tensor/dim.js';
import { CAPACITY, type StateNames } from './appended.js';
import { type AttrWriter, type Json, weightBytes, writeAttrs } from './attrs.js';
import { fillWeights } from './constants.js';
import { type HostDraft, type NativeDraft, encodeHead } from './encode.js';
import { splitConstants } from './fold.js';
import { type Part, type Parts, type ValueNumbers, makeParts } from './parts.js';
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
  readonly #missing: ReadonlyMap<Node, string>;
  readonly #origin = new Map<string, number>();

  constructor(kernels: KernelList, { values, missing }: Parts) {
    this.#kernels = kernels;
    this.#values = values;
    this.#missing = missing;
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

  host({ nodes }: Part & { native: false }): HostDraft {
    const host = nodes.map((n): Json => {
      const missing = this.#missing.get(n);
      const why = missing === undefined ? '' : `: no kernel ${missing}`;
      this.hostNodes.push(`${n.op.name} (${n.origin.join(' + ')})${why}`);
      return [
        n.op.name,
        writeAttrs(n.attrs, this.#attrs),
        this.#originOf(n),
        n.inputs.map((v) => (v ? this.#values.of(v) : -1)),
        n.outputs.map((v) => this.#values.of(v)),
      ];
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

/** Host nodes need `eval`; all others are named in one error. */
function checkHostNodes(parts: readonly Part[]): void {
  const missing = new Set<string>();
  for (const part of parts)
    if (!part.native) for (const n of part.nodes) if (!n.op.eval) missing.add(n.op.name);
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
  const made = makeParts(graph, (step) => kernels.lacks(step), env.state);
  const { parts, values, outputs, appended } = made;
  checkHostNodes(parts);
  const b = new Builder(kernels, made);
  const regions = parts.map((p) => (p.native ? b.native(p) : b.host(p)));
  const state = appended.map(({ past, present, axis }) => ({
    input: graph.inputs.indexOf(past),
    output: graph.outputs.indexOf(present),
    axis,
  }));
  const capacity = state.length > 0 ? b.table.intern(CAPACITY) : null;
  const table = b.values();
  const { head, weightsAt, total } = encodeHead({
    table: b.table,
    values: table,
    inputs: graph.inputs.map((v) => ({ name: v.name, value: values.of(v) })),
    outputs: outputs.map((value, i) => ({ name: graph.outputNames[i]!, value })),
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

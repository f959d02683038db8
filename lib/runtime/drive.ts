/** One run of a variant: regions in order, native ones in the addon, host nodes by `eval` or `steer` here. */
import { HaioError, raise } from '../errors.js';
import { failure } from '../native/binding.js';
import type { RunResult, View } from '../native/types.js';
import type { BodyCall } from '../ir/op.js';
import { type Sizes, bindResult, evaluateRows, sizesTensor } from '../plan/bind.js';
import type {
  BodyPlan,
  CompiledModel,
  HostNode,
  HostRegion,
  NativeRegion,
  Region,
} from '../plan/plan.js';
import { type TypedArray, newArrayUninitialized } from '../tensor/dtype.js';
import { type Tensor, sizeOf } from '../tensor/tensor.js';
import { TURN_MICROS, hasRoom, inNextTurn, isShort, spentInline } from './inline.js';
import type { Recorder } from './recorder.js';
import type { State } from './state.js';
import type { Prepared, Variant } from './variant.js';

export interface RunContext {
  /** identifies the run for abort */
  readonly token: number;
  /** set by the caller's signal; looked at between regions */
  aborted: boolean;
  /** true: everything on the calling thread */
  readonly sync: boolean;
  /** tensors to fill, by index of the plan's outputs; null where a new one is made */
  readonly into: readonly (Tensor | null)[];
  /** what the session remembers; absent for sessions without state */
  readonly state?: State;
  /** takes the times of the run; absent where nobody asked for them */
  readonly recorder?: Recorder;
}

/** Turns a finished native run into nothing or an error that names the node. */
function check(result: RunResult, variant: Variant): void {
  if (result.code === 0) return;
  if (result.code === -1) throw new HaioError('HAIO_E_ABORTED', {});
  const reason =
    {
      1: `index ${result.value} is out of range`,
      2: 'integer division by zero',
      3: `a loop passed its limit of ${result.value}`,
    }[result.code] ?? `code ${result.code}`;
  const node = variant.plan.origins[result.step] ?? '';
  raise('HAIO_E_DATA', { node, op: 'run', reason });
}

const formatTensor = ({ dtype, shape }: Omit<Tensor, 'data'>): string =>
  `${dtype}[${shape.join(',')}]`;

/** @throws HaioError HAIO_E_OUTPUT where the tensor to fill is not of the output's type and shape */
function checkFits(name: string, given: Tensor, wanted: Omit<Tensor, 'data'>): void {
  const [expected, got] = [formatTensor(wanted), formatTensor(given)];
  if (expected !== got) raise('HAIO_E_OUTPUT', { name, expected, got });
}

/**
 * Room for the region's outputs: the caller's tensors where these are outputs of the model, and the
 * state's buffers, which are larger than their shapes say.
 */
function outputsOf(
  { plan }: Variant,
  region: NativeRegion,
  prepared: Prepared,
  into: RunContext['into'],
  held: ReadonlyMap<number, TypedArray>,
): Tensor[] {
  return region.outputs.map((value, i) => {
    const { dtype, shape } = prepared.outputs[i]!;
    const kept = held.get(value);
    if (kept) return { dtype, shape, data: kept };
    const at = plan.outputs.findIndex((port, k) => port.value === value && into[k] != null);
    const given = into[at];
    if (!given) return { dtype, shape, data: newArrayUninitialized(dtype, sizeOf(shape)) };
    checkFits(plan.outputs[at]!.name, given, { dtype, shape });
    return given;
  });
}

/**
 * Buffers for the pairs that are made by appending, by the values of their outputs; sets the capacity
 * that goes with them.
 */
function roomFor({ plan }: Variant, state: State, sizes: Float64Array): Map<number, TypedArray> {
  const rows = evaluateRows(plan, sizes);
  const pairs = plan.state.map(({ input, output, axis }) => {
    const { value } = plan.outputs[output]!;
    const { dtype, shape } = plan.values[value]!;
    return {
      name: plan.inputs[input]!.name,
      value,
      axis,
      dtype: dtype!,
      shape: shape.map((row) => rows[row]!),
    };
  });
  const needed = pairs.reduce((n, p) => Math.max(n, p.shape[p.axis]!), 0);
  const capacity = state.capacityFor(needed);
  sizes[plan.capacity] = capacity;
  return new Map(
    pairs.map((p) => [p.value, state.room(p.name, p.dtype, p.shape, p.axis, capacity)]),
  );
}

/** The caller's tensor with what was made elsewhere (by a host node, a constant, an input, twice). */
function filled(name: string, made: Tensor, given: Tensor | null | undefined): Tensor {
  if (!given || given.data === made.data) return made;
  checkFits(name, given, made);
  const to = given.data as unknown[];
  for (let i = 0; i < to.length; i++) to[i] = made.data[i];
  return given;
}

const viewOf = (t: Tensor): View => t.data as unknown as View;

/**
 * Moving average of the measured time, quick to believe that a run is long; a time below a turn's share
 * may be that of another process, which one run alone does not make a habit.
 */
function learn(prepared: Prepared, micros: number): void {
  const { micros: before } = prepared;
  if (micros <= before) prepared.micros = before * 0.8 + micros * 0.2;
  else prepared.micros = micros < TURN_MICROS ? Math.min(micros, before * 4) : micros;
}

/** What one pass over some regions has made and knows. */
interface Frame {
  readonly tensors: (Tensor | null)[];
  readonly sizes: Sizes;
  /** the caller's tensors for outputs of the model, and buffers of state */
  readonly into: RunContext['into'];
  readonly held: ReadonlyMap<number, TypedArray>;
}
/** Work that is done at once where it can be, else later. */
type Later<T> = T | Promise<T>;
const after = <T, U>(x: Later<T>, then: (x: T) => Later<U>): Later<U> =>
  x instanceof Promise ? x.then(then) : then(x);

/** One run: regions, and those of bodies as host nodes ask for them. */
class Drive {
  readonly #variant: Variant;
  readonly #ctx: RunContext;

  constructor(variant: Variant, ctx: RunContext) {
    this.#variant = variant;
    this.#ctx = ctx;
  }

  /** A value's tensor: made by this run, a constant of the model, or sizes. */
  tensor(value: number, { tensors, sizes }: Frame): Tensor {
    const known = tensors[value];
    if (known) return known;
    const { plan } = this.#variant;
    const { source } = plan.values[value]!;
    const made =
      source.kind === 'constant' ? plan.constant(value) : sizesTensor(plan, sizes, value);
    tensors[value] = made;
    return made;
  }

  /** Runs regions from `start` on. */
  regions(regions: readonly Region[], frame: Frame, start = 0): Later<void> {
    for (let i = start; i < regions.length; i++) {
      if (this.#ctx.aborted) throw new HaioError('HAIO_E_ABORTED', {});
      const region = regions[i]!;
      const done =
        region.kind === 'native'
          ? this.#native(region, frame, false)
          : this.#host(region, frame, 0);
      if (done instanceof Promise) return done.then(() => this.regions(regions, frame, i + 1));
    }
  }

  /** @param now it has waited for its turn of the event loop */
  #native(region: NativeRegion, frame: Frame, now: boolean): Later<void> {
    const { sync, token, recorder } = this.#ctx;
    const variant = this.#variant;
    const prepared = variant.prepare(region, frame.sizes);
    const short = !sync && variant.queued === 0 && isShort(prepared.micros);
    if (short && !now && !hasRoom(prepared.micros))
      return inNextTurn(() => this.#native(region, frame, true));
    const inputs = region.inputs.map((v) => viewOf(this.tensor(v, frame)));
    const outputs = outputsOf(variant, region, prepared, frame.into, frame.held);
    const views = outputs.map(viewOf);
    const record = recorder?.region(region, frame.sizes.slice());
    const done = (result: RunResult): void => {
      check(result, variant);
      record?.done(result.micros);
      learn(prepared, result.micros);
      region.outputs.forEach((v, k) => (frame.tensors[v] = outputs[k]!));
    };
    try {
      const { binding } = prepared;
      if (!sync && !short)
        return variant.run(prepared, inputs, views, token, record?.trace).then(done);
      const result = variant.native.runSync(binding, inputs, views, short, record?.trace);
      if (short) spentInline(result.micros);
      done(result);
    } catch (e) {
      throw e instanceof HaioError ? e : failure(e);
    }
  }

  #host(region: HostRegion, frame: Frame, start: number): Later<void> {
    for (let i = start; i < region.nodes.length; i++) {
      const done = this.#node(region.nodes[i]!, frame);
      if (done instanceof Promise) return done.then(() => this.#host(region, frame, i + 1));
    }
  }

  #node(node: HostNode, frame: Frame): Later<void> {
    const inputs = node.inputs.map((v) => (v < 0 ? null : this.tensor(v, frame)));
    const origin = this.#variant.plan.origins[node.origin] ?? '';
    const keep = (results: readonly Tensor[]): void => this.#keep(node, results, frame);
    if (node.bodies.length > 0) return after(this.#steer(node, origin, inputs, frame.sizes), keep);
    const { recorder } = this.#ctx;
    const work = (): readonly Tensor[] =>
      named(node, origin, () => node.op.eval!(inputs, node.attrs));
    keep(recorder ? recorder.hosted(node.op.name, origin, work) : work());
  }

  #keep(node: HostNode, results: readonly Tensor[], { tensors, sizes }: Frame): void {
    const { plan } = this.#variant;
    node.outputs.forEach((v, i) => {
      if (v < 0 || !results[i]) return;
      const isTensor = plan.values[v]!.dtype !== null;
      const t = isTensor ? withKnownSizes(plan, sizes, v, results[i]) : results[i];
      tensors[v] = t;
      if (isTensor) bindResult(plan, sizes, v, t);
    });
  }

  /** Runs a node's bodies as it asks for them. */
  #steer(
    node: HostNode,
    origin: string,
    inputs: readonly (Tensor | null)[],
    sizes: Sizes,
  ): Later<readonly Tensor[]> {
    const steering = node.op.steer!(inputs, node.attrs);
    const next = (given: readonly Tensor[]): IteratorResult<BodyCall, readonly Tensor[]> =>
      named(node, origin, () => steering.next(given));
    const run = ({ body, inputs: some }: BodyCall): Later<Tensor[]> =>
      this.#body(node.bodies[body]!, some, sizes);
    const later = async (first: Promise<Tensor[]>): Promise<readonly Tensor[]> => {
      let step = next(await first);
      while (!step.done) step = next(await run(step.value));
      return step.value;
    };
    let step = next([]);
    while (!step.done) {
      const made = run(step.value);
      if (made instanceof Promise) return later(made);
      step = next(made);
    }
    return step.value;
  }

  /** Sizes that only the body knows are those of its inputs. */
  #body(body: BodyPlan, inputs: readonly Tensor[], outer: Sizes): Later<Tensor[]> {
    const { plan } = this.#variant;
    const tensors = new Array<Tensor | null>(plan.values.length).fill(null);
    const frame: Frame = { tensors, sizes: outer.slice(), into: [], held: new Map() };
    body.inputs.forEach((v, i) => {
      tensors[v] = inputs[i]!;
      if (plan.values[v]!.dtype !== null) bindResult(plan, frame.sizes, v, inputs[i]!);
    });
    return after(this.regions(body.regions, frame), () =>
      body.outputs.map((v) => this.tensor(v, frame)),
    );
  }
}

/** Errors of `work` as those of the node. */
function named<T>(node: HostNode, origin: string, work: () => T): T {
  try {
    return work();
  } catch (e) {
    if (e instanceof HaioError && e.fields['node'] !== '') throw e;
    const reason = e instanceof HaioError ? String(e.fields['reason']) : (e as Error).message;
    return raise('HAIO_E_DATA', { node: origin, op: node.op.name, reason }, e);
  }
}

/** A tensor without elements has whatever sizes the plan knows: a loop without a trip knows none. */
function withKnownSizes(plan: CompiledModel, sizes: Sizes, value: number, t: Tensor): Tensor {
  const { shape } = plan.values[value]!;
  if (t.data.length > 0 || shape.length !== t.shape.length) return t;
  const rows = evaluateRows(plan, sizes);
  const known = shape.map((row, i) => (Number.isNaN(rows[row]!) ? t.shape[i]! : rows[row]!));
  return sizeOf(known) === 0 ? { ...t, shape: known } : t;
}

/**
 * Runs all regions. Returns the outputs' tensors in the order of the plan's outputs, at once where
 * everything ran on this thread, else as a promise.
 */
export function drive(
  variant: Variant,
  feeds: readonly Tensor[],
  ctx: RunContext,
): Tensor[] | Promise<Tensor[]> {
  const { plan } = variant;
  const { state } = ctx;
  const appends = state !== undefined && plan.state.length > 0;
  const sizes = appends ? variant.sizesOf(feeds).slice() : variant.sizesOf(feeds);
  const held = appends ? roomFor(variant, state, sizes) : new Map<number, TypedArray>();
  const tensors: (Tensor | null)[] = new Array<Tensor | null>(plan.values.length).fill(null);
  const frame: Frame = { tensors, sizes, into: ctx.into, held };
  plan.inputs.forEach(({ value }, i) => (tensors[value] = feeds[i]!));
  const run = new Drive(variant, ctx);
  return after(run.regions(plan.regions, frame), () =>
    plan.outputs.map(({ name, value }, i) => filled(name, run.tensor(value, frame), ctx.into[i])),
  );
}

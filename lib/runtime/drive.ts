/** One run of a variant: regions in order, native ones in the addon, host nodes by `eval` here. */
import { HaioError, raise } from '../errors.js';
import { failure } from '../native/binding.js';
import type { RunResult, View } from '../native/types.js';
import { bindResult, evaluateRows, sizesTensor } from '../plan/bind.js';
import type { HostRegion, NativeRegion } from '../plan/plan.js';
import { type TypedArray, newArrayUninitialized } from '../tensor/dtype.js';
import { type Tensor, sizeOf } from '../tensor/tensor.js';
import { hasRoom, inNextTurn, isShort, spentInline } from './inline.js';
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
    const { dtype, shape } = prepared.bound.outputs[i]!;
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

/** Moving average of the measured time, quick to believe that a run is long. */
function learn(prepared: Prepared, micros: number): void {
  prepared.micros = micros > prepared.micros ? micros : prepared.micros * 0.8 + micros * 0.2;
}

function hostRegion(
  variant: Variant,
  region: HostRegion,
  tensors: (Tensor | null)[],
  sizes: Float64Array,
  recorder: Recorder | undefined,
): void {
  for (const node of region.nodes) {
    const inputs = node.inputs.map((v) => (v < 0 ? null : tensorOf(variant, v, tensors, sizes)));
    let results: readonly Tensor[];
    try {
      const work = (): readonly Tensor[] => node.op.eval!(inputs, node.attrs);
      const origin = variant.plan.origins[node.origin] ?? '';
      results = recorder ? recorder.hosted(node.op.name, origin, work) : work();
    } catch (e) {
      if (e instanceof HaioError && e.fields['node'] !== '') throw e;
      raise(
        'HAIO_E_DATA',
        {
          node: variant.plan.origins[node.origin] ?? '',
          op: node.op.name,
          reason: e instanceof HaioError ? String(e.fields['reason']) : (e as Error).message,
        },
        e,
      );
    }
    node.outputs.forEach((v, i) => {
      if (v < 0 || !results[i]) return;
      tensors[v] = results[i];
      if (variant.plan.values[v]!.dtype) bindResult(variant.plan, sizes, v, results[i]);
    });
  }
}

/** A value's tensor: made by this run, a constant of the model, or sizes. */
function tensorOf(
  variant: Variant,
  value: number,
  tensors: (Tensor | null)[],
  sizes: Float64Array,
): Tensor {
  const known = tensors[value];
  if (known) return known;
  const { source } = variant.plan.values[value]!;
  const made =
    source.kind === 'constant'
      ? variant.plan.constant(value)
      : sizesTensor(variant.plan, sizes, value);
  tensors[value] = made;
  return made;
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
  plan.inputs.forEach(({ value }, i) => (tensors[value] = feeds[i]!));
  const finish = (): Tensor[] =>
    plan.outputs.map(({ name, value }, i) =>
      filled(name, tensorOf(variant, value, tensors, sizes), ctx.into[i]),
    );

  const from = (start: number, now: boolean): Tensor[] | Promise<Tensor[]> => {
    for (let i = start; i < plan.regions.length; i++) {
      if (ctx.aborted) throw new HaioError('HAIO_E_ABORTED', {});
      const region = plan.regions[i]!;
      if (region.kind === 'host') {
        hostRegion(variant, region, tensors, sizes, ctx.recorder);
        continue;
      }
      const prepared = variant.prepare(region, i, sizes);
      const short = !ctx.sync && variant.queued === 0 && isShort(prepared.micros);
      if (short && !now && !hasRoom(prepared.micros)) return inNextTurn(() => from(i, true));
      now = false;
      const inputs = region.inputs.map((v) => viewOf(tensorOf(variant, v, tensors, sizes)));
      const outputs = outputsOf(variant, region, prepared, ctx.into, held);
      const views = outputs.map(viewOf);
      const record = ctx.recorder?.region(i, sizes.slice());
      const done = (result: RunResult): void => {
        check(result, variant);
        record?.done(result.micros);
        learn(prepared, result.micros);
        region.outputs.forEach((v, k) => (tensors[v] = outputs[k]!));
      };
      try {
        if (ctx.sync || short) {
          const result = variant.native.runSync(
            prepared.binding,
            inputs,
            views,
            short,
            record?.trace,
          );
          if (short) spentInline(result.micros);
          done(result);
          continue;
        }
        return variant.run(prepared, inputs, views, ctx.token, record?.trace).then((result) => {
          done(result);
          return from(i + 1, false);
        });
      } catch (e) {
        throw e instanceof HaioError ? e : failure(e);
      }
    }
    return finish();
  };
  return from(0, false);
}

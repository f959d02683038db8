/**
 * What a compiled model says of itself beside its plan: its inputs and outputs as the user sees them,
 * and what was fixed when it was compiled. Read from files, so nothing in it is trusted.
 */
import { raise } from '../errors.js';
import type { Declared, Signature } from '../onnx/import.js';
import type { Json } from '../plan/attrs.js';
import { DTYPES, type DType } from '../tensor/dtype.js';
import { type Tensor, fromNumbers, sizeOf, toNumbers } from '../tensor/tensor.js';
import type { StateNames } from '../plan/appended.js';
import type { CompileOptions } from './compile.js';
import { statePairs } from './pairs.js';

export interface About {
  /** ISA whose kernels its constants were computed with; it runs on any */
  readonly isa: string;
  readonly inputs: readonly Signature[];
  readonly outputs: readonly Signature[];
  readonly nodes: { readonly imported: number; readonly optimized: number };
  /** outputs that inputs of the next run take, by the names of these */
  readonly state: StateNames;
  /** contents of inputs that the plan was made for: a run must bring the same */
  readonly values: ReadonlyMap<string, Tensor>;
}

/** The signature with sizes that were fixed as numbers. */
const fixSizes = (
  signature: Signature,
  sizes: Readonly<Record<string, number>>,
  shape = signature.shape,
): Signature => ({
  ...signature,
  shape: shape.map((d) => (typeof d === 'string' && Object.hasOwn(sizes, d) ? sizes[d]! : d)),
});

/** Contents of inputs by name, as JSON that fixedValue reads. */
export const valuesJson = (values: Readonly<Record<string, Tensor>>): Json[] =>
  Object.entries(values).map(([name, t]) => [name, t.dtype, [...t.shape], [...toNumbers(t)]]);

/** As JSON, for encodeHead. */
export function aboutJson(
  compiled: Pick<About, 'inputs' | 'outputs' | 'nodes' | 'state'>,
  { isa, sizes, shapes, values }: CompileOptions,
): Json {
  const inputs = compiled.inputs.map((s) => fixSizes(s, sizes, shapes[s.name]));
  const outputs = compiled.outputs.map((s) => fixSizes(s, sizes));
  const state = Object.entries(compiled.state);
  const nodes = { ...compiled.nodes };
  return { isa, inputs, outputs, nodes, state, values: valuesJson(values) } as unknown as Json;
}

type Obj = Readonly<Record<string, Json>>;
const bad = (what: string): never =>
  raise('HAIO_E_PLAN', { reason: `${what} is not as it must be` });
const isObj = (x: Json | undefined): x is Obj =>
  typeof x === 'object' && x !== null && !Array.isArray(x);
const isSize = (x: Json | undefined): x is number =>
  typeof x === 'number' && Number.isSafeInteger(x) && x >= 0;
const isDType = (x: Json | undefined): x is DType =>
  typeof x === 'string' && Object.hasOwn(DTYPES, x);
const listOf = (x: Json | undefined, what: string): readonly Json[] =>
  Array.isArray(x) ? (x as readonly Json[]) : bad(what);
const textOf = (x: Json | undefined, what: string): string =>
  typeof x === 'string' ? x : bad(what);

/** element types may nest so deep */
const MAX_DEPTH = 16;

function declared(x: Json | undefined, depth = 0): Declared {
  if (!isObj(x) || depth > MAX_DEPTH) return bad('a type');
  const { dtype, shape, unranked, unnamed, element, key } = x;
  const container = dtype === 'sequence' || dtype === 'map' || dtype === 'optional';
  if (!container && !isDType(dtype)) return bad('a type');
  return {
    dtype,
    shape: listOf(shape, 'a shape').map((d) =>
      typeof d === 'string' || isSize(d) ? d : bad('a size'),
    ),
    ...(unranked === true ? { unranked } : {}),
    ...(Array.isArray(unnamed) ? { unnamed: unnamed.filter(isSize) } : {}),
    ...(isDType(key) ? { key } : {}),
    ...(element === undefined ? {} : { element: declared(element, depth + 1) }),
  };
}

const signatures = (x: Json | undefined): Signature[] =>
  listOf(x, 'a signature').map((s) => ({
    ...declared(s),
    name: textOf(isObj(s) ? s['name'] : undefined, 'a name'),
  }));

/** Pairs by full names, checked against the signature. */
function statesOf(x: Json | undefined, inputs: Signature[], outputs: Signature[]): StateNames {
  const pairs = listOf(x, 'state').map((pair) =>
    listOf(pair, 'state').map((name) => textOf(name, 'state')),
  );
  try {
    return statePairs(Object.fromEntries(pairs) as StateNames, inputs, outputs);
  } catch {
    return bad('state');
  }
}

function fixedValue(x: Json): [string, Tensor] {
  const [name, dtype, shape, numbers] = listOf(x, 'a fixed input');
  const dims = listOf(shape, 'a shape').map((d) => (isSize(d) ? d : bad('a size')));
  const list = listOf(numbers, 'a fixed input').map((n) =>
    typeof n === 'number' ? n : bad('a number'),
  );
  if (!isDType(dtype) || sizeOf(dims) !== list.length) return bad('a fixed input');
  return [textOf(name, 'a name'), fromNumbers(dtype, dims, list)];
}

/** @throws HaioError HAIO_E_PLAN */
export function readAbout(about: Json): About {
  if (!isObj(about) || !isObj(about['nodes'])) return bad('its description');
  return {
    ...readSignature(about),
    isa: textOf(about['isa'], 'the ISA'),
    values: new Map(listOf(about['values'], 'fixed inputs').map(fixedValue)),
  };
}

/** The part of it that says what it looks like from the outside. @throws HaioError HAIO_E_PLAN */
export function readSignature(
  about: Json | undefined,
): Pick<About, 'inputs' | 'outputs' | 'nodes' | 'state'> {
  if (!isObj(about) || !isObj(about['nodes'])) return bad('what it says of itself');
  const { imported, optimized } = about['nodes'];
  if (!isSize(imported) || !isSize(optimized)) return bad('the number of nodes');
  const [inputs, outputs] = [signatures(about['inputs']), signatures(about['outputs'])];
  return {
    inputs,
    outputs,
    nodes: { imported, optimized },
    state: statesOf(about['state'], inputs, outputs),
  };
}

/** @throws HaioError HAIO_E_INPUT where an input does not hold what the model was compiled for */
export function checkFixed(name: string, given: Tensor, fixed: Tensor): void {
  const [a, b] = [toNumbers(given), toNumbers(fixed)];
  const same =
    given.shape.join() === fixed.shape.join() &&
    a.every((x, i) => Object.is(x, b[i]) || x === b[i]);
  if (same) return;
  const show = (list: Float64Array): string =>
    list.length > 8 ? `${list.subarray(0, 8).join(',')},…` : list.join(',');
  raise('HAIO_E_INPUT', {
    name,
    expected: `${show(b)}, which the model was compiled for`,
    got: show(a),
  });
}

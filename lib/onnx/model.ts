/** A model's bytes → its message, checked as far as one can without knowing operators. */
import { raise } from '../errors.js';
import type { Type } from '../ir/graph.js';
import type { Dim } from '../tensor/dim.js';
import type {
  FunctionProto,
  GraphProto,
  OperatorSetIdProto,
  StringStringEntryProto,
  TypeProto,
  ValueInfoProto,
} from './messages.js';
import { decode } from './schema.js';
import { dtypeOfCode, guarded } from './tensor.js';

export interface Model {
  readonly graph: GraphProto;
  readonly irVersion: number;
  /** version of each operator set, by domain ('' is ai.onnx) */
  readonly opsets: ReadonlyMap<string, number>;
  /** local functions by functionKey */
  readonly functions: ReadonlyMap<string, FunctionProto>;
  /** producer, version and the model's own entries */
  readonly metadata: Readonly<Record<string, string>>;
}

/** 'ai.onnx' and '' are one domain. */
export const domainOf = (domain: string): string => (domain === 'ai.onnx' ? '' : domain);

export const functionKey = (domain: string, name: string, overload: string): string =>
  `${domainOf(domain)}:${name}:${overload}`;

export function opsetsOf(imports: readonly OperatorSetIdProto[]): Map<string, number> {
  const opsets = new Map<string, number>();
  for (const { domain, version } of imports) opsets.set(domainOf(domain), Number(version));
  return opsets;
}

/** @throws HAIO_E_MODEL for bytes that are not a model */
export function readModel(bytes: Uint8Array): Model {
  if (bytes.length === 0) raise('HAIO_E_MODEL', { reason: 'it is empty' });
  const model = guarded('malformed protobuf', () => decode('ModelProto', bytes));
  const { graph } = model;
  if (!graph) raise('HAIO_E_MODEL', { reason: 'it has no graph' });
  const opsets = opsetsOf(model.opset_import);
  const irVersion = Number(model.ir_version);
  // before IR version 3 there were no operator sets
  if (irVersion < 3 && !opsets.has('')) opsets.set('', 1);
  const functions = new Map<string, FunctionProto>();
  for (const f of model.functions) {
    const key = functionKey(f.domain, f.name, f.overload);
    if (functions.has(key))
      raise('HAIO_E_MODEL', { reason: `two functions are named '${f.name}'` });
    functions.set(key, f);
  }
  return { graph, irVersion, opsets, functions, metadata: metadataOf(model) };
}

function metadataOf(model: {
  readonly producer_name: string;
  readonly producer_version: string;
  readonly metadata_props: readonly StringStringEntryProto[];
}): Record<string, string> {
  const own = model.metadata_props.map(({ key, value }) => [key, value] as const);
  const known = [
    ['producer_name', model.producer_name],
    ['producer_version', model.producer_version],
  ].filter(([, value]) => value !== '');
  return Object.fromEntries([...known, ...own]) as Record<string, string>;
}

/** Size of one axis as the model declares it: a number, the name of a symbol, or unknown. */
export type DeclaredSize = number | string | null;

/** Declared sizes of a tensor; null where even the rank is unknown, or it is no tensor. */
export function declaredShape(info: ValueInfoProto): DeclaredSize[] | null {
  const shape = info.type?.tensor_type?.shape;
  if (!shape) return null;
  return shape.dim.map((d) => {
    if (d.dim_param !== '') return d.dim_param;
    const size = Object.hasOwn(d, 'dim_value') ? Number(d.dim_value) : -1;
    // exporters write unknown sizes as −1, too
    return Number.isSafeInteger(size) && size >= 0 ? size : null;
  });
}

/** Most axes of a tensor. */
const RANK_LIMIT = 64;

/**
 * The type a message declares; null where a tensor's rank is unknown or a type is missing. `sizes`
 * turns the declared sizes of tensors into expressions.
 */
export function typeOfProto(
  type: TypeProto | null,
  what: string,
  sizes: (declared: DeclaredSize, axis: number, all: readonly DeclaredSize[]) => Dim,
): Type | null {
  if (!type) return null;
  const element = (t: { elem_type: TypeProto | null }): Type =>
    typeOfProto(t.elem_type, what, sizes) ??
    // inside sequences the rank is often left open: the elements say it at the run
    unrankedElement(t.elem_type, what);
  if (type.sequence_type) return { sequence: element(type.sequence_type) };
  if (type.optional_type) return { optional: element(type.optional_type) };
  if (type.map_type) {
    const { key_type, value_type } = type.map_type;
    return { map: [dtypeOfCode(key_type, what), element({ elem_type: value_type })] };
  }
  const t = type.tensor_type;
  if (!t) return null;
  const dtype = dtypeOfCode(t.elem_type, what);
  const declared = declaredShape({ name: what, type });
  if (!declared) return null;
  if (declared.length > RANK_LIMIT)
    raise('HAIO_E_LIMIT', { what: `the rank of ${what}`, got: declared.length, limit: RANK_LIMIT });
  return { dtype, shape: declared.map((d, axis) => sizes(d, axis, declared)) };
}

function unrankedElement(type: TypeProto | null, what: string): Type {
  const t = type?.tensor_type;
  if (!t) raise('HAIO_E_MODEL', { reason: `${what} has no element type` });
  return { unranked: dtypeOfCode(t.elem_type, what) };
}

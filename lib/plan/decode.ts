/** Reads a compiled model back; the bytes may come from anywhere, so everything is checked. */
import { crc32 } from 'node:zlib';
import { HaioError, raise } from '../errors.js';
import type { OpDef } from '../ir/op.js';
import type { Addon } from '../native/types.js';
import { OPS } from '../ops/registry.js';
import { type Dim, type DimSymbol, evaluateTable } from '../tensor/dim.js';
import { DTYPES, type DType } from '../tensor/dtype.js';
import type { Tensor } from '../tensor/tensor.js';
import { type Counts, regionFault } from './check.js';
import { type AttrReader, type Json, readAttrs, tensorAt } from './attrs.js';
import { FILE_MAGIC, FILE_VERSION, HEAD_BYTES, HEAD_FIELDS } from './encode.js';
import type {
  BodyPlan,
  CompiledModel,
  HostNode,
  NativeRegion,
  PlanValue,
  Port,
  Region,
  Source,
  StatePair,
} from './plan.js';
import { dimsOfTable, rowFault, symbolOfRow } from './table.js';

const MAX_META = 1 << 30;
const MAX_DEPTH = 64;
const bad = (reason: string): never => raise('HAIO_E_PLAN', { reason });

type Obj = Readonly<Record<string, Json>>;
const list = (x: Json | undefined, what: string): readonly Json[] =>
  Array.isArray(x) ? (x as readonly Json[]) : bad(`${what} must be a list`);
const obj = (x: Json | undefined, what: string): Obj =>
  typeof x === 'object' && x !== null && !Array.isArray(x)
    ? (x as Obj)
    : bad(`${what} must be an object`);
const text = (x: Json | undefined, what: string): string =>
  typeof x === 'string' ? x : bad(`${what} must be text`);
const index = (x: Json | undefined, limit: number, what: string): number =>
  typeof x === 'number' && Number.isSafeInteger(x) && x >= 0 && x < limit
    ? x
    : bad(`${what} must be an integer below ${limit}`);
const indices = (x: Json | undefined, limit: number, what: string): number[] =>
  list(x, what).map((y) => index(y, limit, what));

function parse(json: string): Json {
  try {
    return JSON.parse(json) as Json;
  } catch {
    return bad('its table is no JSON');
  }
}

interface Head {
  readonly total: number;
  readonly meta: Obj;
  readonly data: Uint8Array;
  readonly weightsAt: number;
}

function readHead(native: Addon, model: number): Head {
  const size = native.modelBytes(model);
  if (size < HEAD_BYTES) bad(`${size} bytes are no compiled model`);
  const start = native.modelRead(model, 0, HEAD_BYTES);
  const view = new DataView(start.buffer, start.byteOffset, HEAD_BYTES);
  if (view.getUint32(0, true) !== FILE_MAGIC) bad('not a compiled model of haio');
  const version = view.getUint32(4, true);
  if (version !== FILE_VERSION) bad(`version ${version}, this haio reads ${FILE_VERSION}`);
  const [total, metaAt, metaBytes, dataAt, dataBytes, weightsAt] = Array.from(
    { length: 6 },
    (_, i) => view.getFloat64(HEAD_FIELDS.sizes + 8 * i, true),
  ) as [number, number, number, number, number, number];
  const inside = (from: number, length: number): boolean =>
    Number.isSafeInteger(from) &&
    Number.isSafeInteger(length) &&
    length >= 0 &&
    from >= HEAD_BYTES &&
    from + length <= weightsAt;
  if (
    !Number.isSafeInteger(weightsAt) ||
    weightsAt > size ||
    total !== size ||
    metaBytes > MAX_META
  )
    bad('its length is not what its head says');
  if (!inside(metaAt, metaBytes) || !inside(dataAt, dataBytes) || dataAt % 8 !== 0)
    bad('a section lies outside');
  // a copy: typed arrays over it stay valid when the model is given back
  const all = native.modelRead(model, 0, weightsAt).slice();
  const sum = new DataView(all.buffer).getUint32(HEAD_FIELDS.sum, true);
  new DataView(all.buffer).setUint32(HEAD_FIELDS.sum, 0, true);
  if (crc32(all) !== sum) bad('its checksum is wrong');
  const text = new TextDecoder().decode(all.subarray(metaAt, metaAt + metaBytes));
  return {
    total,
    meta: obj(parse(text), 'meta'),
    data: all.subarray(dataAt, dataAt + dataBytes),
    weightsAt,
  };
}

class Decoder {
  readonly #head: Head;
  readonly #native: Addon;
  readonly #model: number;
  readonly #ops: (name: string) => OpDef | undefined;
  readonly #ours: boolean;
  readonly symbols: DimSymbol[];
  readonly rows: Int32Array;
  #dims: Dim[] | null = null;
  #regions = 0;

  constructor(
    native: Addon,
    model: number,
    ops: (name: string) => OpDef | undefined,
    ours: boolean,
  ) {
    this.#head = readHead(native, model);
    this.#native = native;
    this.#model = model;
    this.#ops = ops;
    this.#ours = ours;
    this.symbols = list(this.#head.meta['symbols'], 'symbols').map((s) => {
      const [name, min, max, typical] = list(s, 'symbol');
      const limit = Number.MAX_SAFE_INTEGER;
      return {
        name: text(name, 'symbol'),
        min: index(min, limit, 'min'),
        max: index(max, limit, 'max'),
        typical: index(typical, limit, 'typical'),
      };
    });
    this.rows = this.#ints('rows', this.#head.meta['rows']);
    const fault = rowFault(this.rows, this.symbols.length);
    if (fault) bad(`expressions: ${fault}`);
  }

  #array(what: string, x: Json | undefined, size: 4 | 8): readonly [number, number] {
    const [from, length] = list(x, what);
    const { byteLength } = this.#head.data;
    const start = index(from, byteLength + 1, what);
    const count = index(length, byteLength + 1, what);
    if (start % 8 !== 0 || start + count * size > byteLength) bad(`${what} lies outside`);
    return [this.#head.data.byteOffset + start, count];
  }
  #ints(what: string, x: Json | undefined): Int32Array {
    return new Int32Array(this.#head.data.buffer, ...this.#array(what, x, 4));
  }
  #floats(what: string, x: Json | undefined): Float64Array {
    return new Float64Array(this.#head.data.buffer, ...this.#array(what, x, 8));
  }
  get #rowCount(): number {
    return this.rows.length / 4;
  }

  value = (x: Json): PlanValue => {
    const [name, type, shape, from] = list(x, 'value');
    const known = type === null || (typeof type === 'string' && Object.hasOwn(DTYPES, type));
    if (!known) bad('unknown element type');
    return {
      name: text(name, 'name'),
      dtype: type as DType | null,
      shape: indices(shape, this.#rowCount, 'shape'),
      source: this.#source(from),
    };
  };
  #source(x: Json | undefined): Source {
    if (x === null) return { kind: 'run' };
    const { at: from, strings, rows } = obj(x, 'source');
    if (rows !== undefined) return { kind: 'sizes', rows: indices(rows, this.#rowCount, 'sizes') };
    if (strings !== undefined) {
      const texts = list(strings, 'strings').map((s) => text(s, 'string'));
      return { kind: 'constant', at: 0, strings: texts };
    }
    const { total, weightsAt } = this.#head;
    return { kind: 'constant', at: weightsAt + index(from, total - weightsAt + 1, 'constant') };
  }

  ports(what: string, values: number): Port[] {
    return list(this.#head.meta[what], what).map((p) => {
      const [name, value] = list(p, what);
      return { name: text(name, what), value: index(value, values, what) };
    });
  }
  /** Every pair's axis must be one of its output's. */
  state(
    values: readonly PlanValue[],
    inputs: readonly Port[],
    outputs: readonly Port[],
  ): StatePair[] {
    return list(this.#head.meta['state'], 'state').map((p) => {
      const [input, output, axis] = list(p, 'state');
      const at = index(output, outputs.length, 'state');
      const rank = values[outputs[at]!.value]!.shape.length;
      return {
        input: index(input, inputs.length, 'state'),
        output: at,
        axis: index(axis, rank, 'state'),
      };
    });
  }
  /** The symbol that the row `capacity` is. */
  capacity(): number {
    const row = this.#head.meta['capacity'];
    if (row === null) return -1;
    const symbol = symbolOfRow(this.rows, index(row, this.#rowCount, 'capacity'));
    return symbol >= 0 ? symbol : bad('the capacity is no symbol');
  }
  texts(what: string): string[] {
    return list(this.#head.meta[what], what).map((t) => text(t, what));
  }
  meta(what: string): readonly Json[] {
    return list(this.#head.meta[what], what);
  }
  get about(): Json {
    return this.#head.meta['about'] ?? null;
  }
  sizes(): CompiledModel['bytes'] {
    const { total, weightsAt } = this.#head;
    return { total, meta: weightsAt, weights: total - weightsAt };
  }

  /** `depth` counts the bodies around it */
  region(x: Json, counts: Omit<Counts, 'rows'>, depth = 0): Region {
    const { values } = counts;
    const r = obj(x, 'region');
    if (r['host'] !== undefined)
      return {
        kind: 'host',
        nodes: list(r['host'], 'host').map((n) => this.#hostNode(n, counts, depth)),
      };
    const region: NativeRegion = {
      kind: 'native',
      id: this.#regions++,
      inputs: indices(r['inputs'], values, 'inputs'),
      outputs: indices(r['outputs'], values, 'outputs'),
      template: this.#floats('template', r['template']),
      patches: this.#ints('patches', r['patches']),
      lifespans: this.#ints('lifespans', r['lifespans']),
      order: this.#ints('order', r['order']),
      flops: this.#ints('flops', r['flops']),
    };
    if (this.#ours) return region;
    const fault = regionFault(region, { ...counts, rows: this.#rowCount });
    return fault ? bad(fault) : region;
  }

  #hostNode(x: Json, counts: Omit<Counts, 'rows'>, depth: number): HostNode {
    const { values, origins } = counts;
    const [name, attrs, origin, inputs, outputs, plans] = list(x, 'host node');
    if (depth > MAX_DEPTH) bad('bodies nested too deeply');
    const bodies = list(plans, 'bodies').map((y): BodyPlan => {
      const [ins, outs, regions] = list(y, 'body');
      return {
        inputs: indices(ins, values, 'inputs'),
        outputs: indices(outs, values, 'outputs'),
        regions: list(regions, 'regions').map((r) => this.region(r, counts, depth + 1)),
      };
    });
    const op = this.#op(text(name, 'op'));
    const runs = bodies.length > 0 ? op.steer !== undefined : op.eval !== undefined;
    if (!runs) bad(`'${op.name}' cannot run so`);
    const reader: AttrReader = {
      op: (name) => this.#op(name),
      dim: (row) => {
        this.#dims ??= dimsOfTable(this.rows, this.symbols);
        return this.#dims[row] ?? bad('attributes: unknown size');
      },
      tensor: (type, shape, from) => this.#tensor(type, shape, this.#head.weightsAt + from),
    };
    return {
      op,
      attrs: readAttrs(attrs ?? null, reader),
      origin: index(origin, origins, 'origin'),
      inputs: list(inputs, 'inputs').map((i) => (i === -1 ? -1 : index(i, values, 'input'))),
      outputs: indices(outputs, values, 'outputs'),
      bodies,
    };
  }
  #op(name: string): OpDef {
    return this.#ops(name) ?? bad(`unknown operator '${name}'`);
  }

  #tensor(type: DType, shape: readonly number[], from: number): Tensor {
    const { total, weightsAt } = this.#head;
    const read = (start: number, bytes: number): Uint8Array | null =>
      start >= weightsAt && start + bytes <= total
        ? this.#native.modelRead(this.#model, start, bytes)
        : null;
    return tensorAt(read, type, shape, from) ?? bad('a constant lies outside');
  }

  /** A constant's shape has rows that depend on no symbol. */
  constant(v: PlanValue | undefined, numbers: (row: number) => number): Tensor {
    if (v?.source.kind !== 'constant' || v.dtype === null)
      raise('HAIO_E_INTERNAL', { reason: 'no constant' });
    const shape = v.shape.map(numbers);
    const { at: from, strings } = v.source;
    return strings ? { dtype: 'string', shape, data: strings } : this.#tensor(v.dtype, shape, from);
  }
}

/**
 * The compiled model in the addon's registry under `model`. `ops` finds operators of host nodes by name.
 * `ours`: this process compiled it, so that regions need not be checked, which takes milliseconds.
 * @throws HaioError HAIO_E_PLAN when the bytes are not a valid one
 */
export function openModel(
  native: Addon,
  model: number,
  ops: (name: string) => OpDef | undefined = (name) => OPS.get(name),
  ours = false,
): CompiledModel {
  try {
    const d = new Decoder(native, model, ops, ours);
    const values = d.meta('values').map(d.value);
    const origins = d.texts('origins');
    const kernels = d.texts('kernels');
    const counts = {
      values: values.length,
      kernels: kernels.length,
      origins: origins.length,
    };
    const regions = d.meta('regions').map((r) => d.region(r, counts));
    const numbers = new Float64Array(d.rows.length / 4);
    const [inputs, outputs] = ['inputs', 'outputs'].map((what) => d.ports(what, values.length)) as [
      Port[],
      Port[],
    ];
    const state = d.state(values, inputs, outputs);
    const capacity = d.capacity();
    if (state.length > 0 && capacity < 0) bad('state without a capacity');
    return {
      model,
      symbols: d.symbols,
      rows: d.rows,
      values,
      inputs,
      outputs,
      state,
      capacity,
      regions,
      kernels,
      origins,
      bytes: d.sizes(),
      about: d.about,
      constant(v) {
        const sizes = new Float64Array(d.symbols.length);
        evaluateTable(d.rows, sizes, numbers);
        return d.constant(values[v], (row) => numbers[row]!);
      },
    };
  } catch (e) {
    if (e instanceof HaioError) throw e;
    return raise('HAIO_E_PLAN', { reason: (e as Error).message }, e);
  }
}

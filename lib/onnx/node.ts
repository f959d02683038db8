/** An ONNX node as an operator's entry sees it: typed attributes, inputs as values. */
import { raise } from '../errors.js';
import type { Graph, Type, Value } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { type Tensor, tensor } from '../tensor/tensor.js';
import { type Weight, tensorOf, weightOf } from '../tensor/weight.js';
import type { AttributeProto, GraphProto, Int64 } from './messages.js';
import { type ExternalData, floatsOf, utf8, weightOfProto, weightOfSparse } from './tensor.js';

/** AttributeProto.AttributeType: number, name in messages, field (for files that lack the type). */
const KINDS = [
  [1, 'a float', 'f'],
  [2, 'an int', 'i'],
  [3, 'a string', 's'],
  [4, 'a tensor', 't'],
  [5, 'a graph', 'g'],
  [6, 'floats', 'floats'],
  [7, 'ints', 'ints'],
  [8, 'strings', 'strings'],
  [9, 'tensors', 'tensors'],
  [10, 'graphs', 'graphs'],
  [11, 'a sparse tensor', 'sparse_tensor'],
] as const;
type Field = (typeof KINDS)[number][2];

const kindOf = (a: AttributeProto): (typeof KINDS)[number] | undefined =>
  KINDS.find(([code, , field]) => (a.type === 0 ? Object.hasOwn(a, field) : code === a.type));

export interface Body {
  readonly graph: Graph;
  readonly captures: readonly Value[];
}

export interface NodeParts {
  readonly name: string;
  readonly type: string;
  readonly opset: number;
  readonly inputs: readonly (Value | null)[];
  readonly outputCount: number;
  readonly attributes: ReadonlyMap<string, AttributeProto>;
  readonly external: ExternalData | undefined;
  body(graph: GraphProto, types: readonly (Type | null)[]): Body;
}

export class ImportedNode implements OnnxNode {
  readonly name: string;
  readonly type: string;
  readonly opset: number;
  readonly inputs: readonly (Value | null)[];
  readonly outputCount: number;
  readonly #parts: NodeParts;

  constructor(parts: NodeParts) {
    this.name = parts.name;
    this.type = parts.type;
    this.opset = parts.opset;
    this.inputs = parts.inputs;
    this.outputCount = parts.outputCount;
    this.#parts = parts;
  }

  #get<T>(name: string, field: Field, read: (a: AttributeProto) => T, fallback?: T): T {
    const a = this.#parts.attributes.get(name);
    if (!a && fallback !== undefined) return fallback;
    const kind = a && kindOf(a);
    if (!a || kind?.[2] !== field || a[field] === null)
      raise('HAIO_E_ATTRIBUTE', {
        node: this.name,
        op: this.type,
        attribute: name,
        expected: KINDS.find((k) => k[2] === field)![1],
        got: a && kind?.[2] !== field ? (kind?.[1] ?? `type ${a.type}`) : 'nothing',
      });
    return read(a);
  }

  has(name: string): boolean {
    return this.#parts.attributes.has(name);
  }
  int(name: string, fallback?: number): number {
    return this.#get(name, 'i', (a) => Number(a.i), fallback);
  }
  float(name: string, fallback?: number): number {
    return this.#get(name, 'f', (a) => a.f, fallback);
  }
  string(name: string, fallback?: string): string {
    return this.#get(name, 's', (a) => utf8(a.s), fallback);
  }
  ints(name: string, fallback?: readonly number[]): readonly number[] {
    return this.#get(name, 'ints', (a) => a.ints.map(Number), fallback);
  }
  floats(name: string, fallback?: readonly number[]): readonly number[] {
    return this.#get(name, 'floats', (a) => floatsOf(a.floats), fallback);
  }
  strings(name: string, fallback?: readonly string[]): readonly string[] {
    return this.#get(name, 'strings', (a) => a.strings.map(utf8), fallback);
  }
  bigints(name: string, fallback?: readonly bigint[]): readonly bigint[] {
    return this.#get(name, 'ints', (a) => a.ints.map((x) => BigInt(x.toString())), fallback);
  }
  /** a list of ints, or one, exactly */
  wideInts(name: string): readonly Int64[] {
    const a = this.#parts.attributes.get(name);
    return a && kindOf(a)?.[2] === 'i' ? [a.i] : this.#get(name, 'ints', (l) => l.ints);
  }
  weight(name: string): Weight {
    return this.#get(name, 't', (a) => weightOfProto(a.t!, this.#parts.external));
  }
  sparse(name: string): Weight {
    return this.#get(name, 'sparse_tensor', (a) =>
      weightOfSparse(a.sparse_tensor!, this.#parts.external),
    );
  }
  tensor(name: string): Tensor {
    return tensorOf(this.weight(name));
  }
  proto(name: string): GraphProto {
    return this.#get(name, 'g', (a) => a.g!);
  }
  graph(name: string, types: readonly (Type | null)[] = []): Body {
    return this.#parts.body(this.proto(name), types);
  }
}

/** The elements of a Constant node (Constant-1 to -25). */
export function constantOf(view: ImportedNode): Weight {
  if (view.has('value')) return view.weight('value');
  if (view.has('sparse_value')) return view.sparse('sparse_value');
  for (const [name, dtype] of [
    ['value_float', 'float32'],
    ['value_int', 'int64'],
    ['value_string', 'string'],
  ] as const) {
    const list = `${name}s`;
    const one = view.has(name);
    if (!one && !view.has(list)) continue;
    const data =
      dtype === 'float32'
        ? Float32Array.from(one ? [view.float(name)] : view.floats(list))
        : dtype === 'int64'
          ? BigInt64Array.from(view.wideInts(one ? name : list), BigInt)
          : one
            ? [view.string(name)]
            : view.strings(list);
    return weightOf(tensor(dtype, one ? [] : [data.length], data));
  }
  raise('HAIO_E_ATTRIBUTE', {
    node: view.name,
    op: view.type,
    attribute: 'value',
    expected: 'a tensor',
    got: 'nothing',
  });
}

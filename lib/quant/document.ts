/** An ONNX model as something to edit: the main graph's nodes in order, and its constants. */
import { encodeModel } from '../onnx/export.js';
import type {
  AttributeProto,
  ModelProto,
  NodeProto,
  Plain,
  TensorProto,
} from '../onnx/messages.js';
import { decode } from '../onnx/schema.js';
import { type ExternalData, guarded, protoOfTensor, weightOfProto } from '../onnx/tensor.js';
import { raise } from '../errors.js';
import { type Tensor } from '../tensor/tensor.js';
import { tensorOf } from '../tensor/weight.js';

export type DocNode = {
  -readonly [K in keyof NodeProto]: K extends 'input' | 'output' ? string[] : NodeProto[K];
};

const text = new TextDecoder();
const isOnnx = (domain: string): boolean => domain === '' || domain === 'ai.onnx';

export class Document {
  readonly nodes: DocNode[];
  /** version of ai.onnx */
  opset: number;
  readonly #model: ModelProto;
  readonly #external: ExternalData | undefined;
  readonly #protos = new Map<string, TensorProto>();
  readonly #made = new Map<string, Tensor>();
  readonly #names = new Set<string>();
  #uses: Map<string, DocNode[]> | null = null;
  #makers: Map<string, DocNode> | null = null;

  /** @throws HaioError HAIO_E_MODEL */
  constructor(bytes: Uint8Array, external?: ExternalData) {
    this.#model = guarded('malformed protobuf', () => decode('ModelProto', bytes));
    this.#external = external;
    const graph = this.#model.graph ?? raise('HAIO_E_MODEL', { reason: 'it has no graph' });
    // decoded messages have their defaults from a prototype, which a spread would lose
    this.nodes = graph.node.map(
      ({ name, op_type, domain, overload, attribute, input, output }) => ({
        ...{ name, op_type, domain: isOnnx(domain) ? '' : domain, overload, attribute },
        input: [...input],
        output: [...output],
      }),
    );
    const own = this.#model.opset_import.find((o) => isOnnx(o.domain));
    this.opset = Number(own?.version ?? 1);
    for (const t of graph.initializer) this.#protos.set(t.name, t);
    for (const n of this.nodes) for (const name of [...n.input, ...n.output]) this.#names.add(name);
  }

  get outputs(): readonly string[] {
    return this.#model.graph!.output.map((o) => o.name);
  }
  get inputs(): readonly string[] {
    return this.#model.graph!.input.map((i) => i.name).filter((name) => !this.isConstant(name));
  }

  /** Call when inputs or outputs of nodes were changed by hand. */
  changed(): void {
    this.#uses = this.#makers = null;
  }
  /** The node that makes a value. */
  maker(name: string): DocNode | undefined {
    this.#makers ??= new Map(this.nodes.flatMap((n) => n.output.map((o) => [o, n] as const)));
    return this.#makers.get(name);
  }
  /** Nodes that read a value, those that read it in their bodies included. */
  users(name: string): readonly DocNode[] {
    if (!this.#uses) {
      const uses = (this.#uses = new Map<string, DocNode[]>());
      for (const n of this.nodes)
        for (const input of new Set([...n.input, ...namesInBodies(n)]))
          uses.set(input, [...(uses.get(input) ?? []), n]);
    }
    return this.#uses.get(name) ?? [];
  }
  isOutput(name: string): boolean {
    return this.outputs.includes(name);
  }

  isConstant(name: string): boolean {
    return this.#made.has(name) || this.#protoOf(name) !== undefined;
  }
  #protoOf(name: string): TensorProto | undefined {
    const proto = this.#protos.get(name);
    if (proto) return proto;
    const n = this.maker(name);
    if (n?.op_type !== 'Constant') return undefined;
    return n.attribute.find((a) => a.name === 'value')?.t ?? undefined;
  }
  /** The elements of a constant; null for what is none. */
  constant(name: string): Tensor | null {
    const made = this.#made.get(name);
    if (made) return made;
    const proto = this.#protoOf(name);
    return proto ? tensorOf(weightOfProto(proto, this.#external)) : null;
  }
  /** A new constant; its name begins with `like`. */
  addConstant(like: string, t: Tensor): string {
    const name = this.freshName(like);
    this.#made.set(name, t);
    return name;
  }
  freshName(like: string): string {
    let name = like;
    for (let i = 1; this.#names.has(name) || this.#protos.has(name); i++) name = `${like}_${i}`;
    this.#names.add(name);
    return name;
  }

  /** A new node before `before` (at the end where that is null); outputs need fresh names. */
  insert(made: Plain<NodeProto>, before: DocNode | null): DocNode {
    const full: DocNode = {
      ...{ name: '', op_type: '', domain: '', overload: '', attribute: [] },
      ...(made as Partial<NodeProto>),
      input: [...(made.input ?? [])],
      output: [...(made.output ?? [])],
    };
    const at = before ? this.nodes.indexOf(before) : this.nodes.length;
    this.nodes.splice(at, 0, full);
    this.changed();
    return full;
  }
  remove(n: DocNode): void {
    this.nodes.splice(this.nodes.indexOf(n), 1);
    this.changed();
  }

  /** Constants and their nodes that nothing reads any more. */
  #prune(): void {
    const used = new Set([
      ...this.outputs,
      ...this.nodes.flatMap((n) => [...n.input, ...namesInBodies(n)]),
    ]);
    const dead = this.nodes.filter((n) => n.op_type === 'Constant' && !used.has(n.output[0]!));
    for (const n of dead) this.nodes.splice(this.nodes.indexOf(n), 1);
    this.changed();
    for (const name of this.#protos.keys()) if (!used.has(name)) this.#protos.delete(name);
    for (const name of this.#made.keys()) if (!used.has(name)) this.#made.delete(name);
  }

  /**
   * The bytes of the model as it is now; external data become part of it. `outputs`: values that are
   * to be outputs, too. `domains`: operator sets that it needs beside its own.
   */
  encode(
    outputs: readonly string[] = [],
    domains: Readonly<Record<string, number>> = {},
  ): Uint8Array {
    this.#prune();
    const { graph, ...model } = this.#model;
    const inside = (t: TensorProto): Plain<TensorProto> =>
      t.data_location === 1 ? protoOfTensor(t.name, this.constant(t.name)!) : t;
    const own = model.opset_import
      .filter((o) => !(o.domain in domains))
      .map((o) => (isOnnx(o.domain) ? { domain: '', version: this.opset } : o));
    const added = Object.entries(domains).map(([domain, version]) => ({ domain, version }));
    const kept = graph!.input.filter(
      (i) => this.#protos.has(i.name) || !graph!.initializer.some((t) => t.name === i.name),
    );
    return encodeModel({
      ...model,
      opset_import: [...own, ...added],
      graph: {
        ...graph,
        node: this.nodes,
        input: kept,
        initializer: [
          ...[...this.#protos.values()].map(inside),
          ...[...this.#made].map(([name, t]) => protoOfTensor(name, t)),
        ],
        output: [...graph!.output, ...outputs.map((name) => ({ name }))],
      },
    });
  }
}

/** Names that a node's bodies (If, Loop, Scan) read, their own among them. */
const namesInBodies = (n: Pick<NodeProto, 'attribute'>): string[] =>
  n.attribute.flatMap((a) =>
    [...(a.g ? [a.g] : []), ...(a.graphs ?? [])].flatMap((g) => [
      ...g.output.map((o) => o.name),
      ...g.node.flatMap((inner) => [...inner.input, ...namesInBodies(inner)]),
    ]),
  );

export const attributeOf = (n: DocNode, name: string): AttributeProto | undefined =>
  n.attribute.find((a) => a.name === name);
export const intOf = (n: DocNode, name: string, otherwise: number): number =>
  Number(attributeOf(n, name)?.i ?? otherwise);
export const floatOf = (n: DocNode, name: string, otherwise: number): number =>
  attributeOf(n, name)?.f ?? otherwise;
export const textOf = (n: DocNode, name: string, otherwise: string): string => {
  const s = attributeOf(n, name)?.s;
  return s ? text.decode(s) : otherwise;
};

/** Names become values, nodes become what the operators' entries make of them. */
import { HaioError, raise } from '../errors.js';
import { applyAll, constant, withOrigin } from '../ir/build.js';
import { type Graph, type Type, type Value, input } from '../ir/graph.js';
import { PinRequest } from '../ir/op.js';
import { type Weight, weightOf } from '../tensor/weight.js';
import { type InputOptions, inputOf } from './inputs.js';
import { Knowledge, hasNewSize } from './known.js';
import { type Model, domainOf, functionKey, opsetsOf, typeOfProto } from './model.js';
import { type Body, ImportedNode, constantOf } from './node.js';
import {
  type Operator,
  type OperatorTable,
  findOperator,
  nameOf,
  raiseUnsupported,
  versionOf,
} from './operators.js';
import { orderOf } from './order.js';
import { Scope } from './scope.js';
import type { AttributeProto, FunctionProto, GraphProto, NodeProto } from './messages.js';
import { SymbolTable, realInputs, sizeNames } from './symbols.js';
import { type ExternalData, weightOfProto, weightOfSparse } from './tensor.js';

export interface ImporterOptions extends InputOptions {
  /** names of inputs and symbols that the import must not ask for */
  readonly unpinned?: readonly string[];
  readonly externalData?: ExternalData;
}

/** Most nodes of a graph once its functions are expanded. */
const NODE_LIMIT = 2 ** 20;
/** Most functions within functions. */
const DEPTH_LIMIT = 64;

/** Operators whose results have as many elements as their data says: no reason to fix the data. */
const SIZED_BY_DATA = new Set([
  'Compress',
  'ConcatFromSequence',
  'If',
  'Loop',
  'MelWeightMatrix',
  'NonMaxSuppression',
  'NonZero',
  'RemovePadding',
  'Scan',
  'SequenceAt',
  'SequenceMap',
  'StringNormalizer',
  'StringSplit',
  'Unique',
]);

/** Operators whose first input is no data. */
const STEERED_BY_FIRST = new Set(['ConstantOfShape', 'Range']);

/** Where nodes are being imported: a graph, a body or a function. */
interface Frame {
  readonly scope: Scope;
  readonly opsets: ReadonlyMap<string, number>;
  /** before the names of nodes */
  readonly prefix: string;
  /** attributes that a function was called with */
  readonly refs: ReadonlyMap<string, AttributeProto> | null;
  /** functions that are being expanded, the innermost last */
  readonly calls: readonly FunctionProto[];
}

export class Importer {
  count = 0;
  readonly #model: Model;
  readonly #options: ImporterOptions;
  readonly #table: OperatorTable;
  readonly #knowledge: Knowledge;
  readonly #symbols: SymbolTable;

  constructor(model: Model, table: OperatorTable, options: ImporterOptions) {
    this.#model = model;
    this.#options = options;
    this.#table = table;
    this.#knowledge = new Knowledge(options.unpinned);
    this.#symbols = new SymbolTable(options);
  }

  run(): Graph {
    const { graph, opsets } = this.#model;
    const frame: Frame = { scope: new Scope(), opsets, prefix: '', refs: null, calls: [] };
    const names = sizeNames(this.#model);
    const inputs = realInputs(this.#model).map((info) => {
      const { name } = info;
      if (name === '') raise('HAIO_E_GRAPH', { reason: 'an input has no name' });
      if (frame.scope.get(name))
        raise('HAIO_E_GRAPH', { reason: `two inputs are named '${name}'` });
      const { value, contents } = inputOf(info, names(info), this.#symbols, this.#options);
      frame.scope.define(name, contents ?? value);
      this.#knowledge.ask(value);
      return value;
    });
    const outputs = this.#graph(graph, frame);
    const outputNames = graph.output.map((o) => o.name);
    if (new Set(outputNames).size < outputNames.length)
      raise('HAIO_E_GRAPH', {
        reason: `two outputs have the same name (${outputNames.join(', ')})`,
      });
    return { inputs, outputs, outputNames };
  }

  /** Defines the graph's names in the frame's scope; its inputs are defined already. */
  #graph(graph: GraphProto, frame: Frame): Value[] {
    const { externalData } = this.#options;
    const own = new Set(graph.input.map((i) => i.name));
    const initializers = new Set<string>();
    const initialize = (name: string, make: () => Weight): void => {
      if (initializers.has(name))
        raise('HAIO_E_GRAPH', { reason: `two initializers are named '${name}'` });
      initializers.add(name);
      own.add(name);
      frame.scope.define(name, constant(make(), name));
    };
    for (const t of graph.initializer) initialize(t.name, () => weightOfProto(t, externalData));
    for (const s of graph.sparse_initializer)
      initialize(s.values?.name ?? '', () => weightOfSparse(s, externalData));
    const names = graph.output.map((o) => o.name);
    return this.#nodes(graph.node, names, frame, own).map(
      (v, i) => v ?? raise('HAIO_E_GRAPH', { reason: `the output '${names[i]!}' has no value` }),
    );
  }

  #nodes(
    nodes: readonly NodeProto[],
    outputs: readonly string[],
    frame: Frame,
    own: ReadonlySet<string>,
  ): (Value | null)[] {
    const { scope } = frame;
    const order = orderOf(
      nodes,
      outputs,
      (name) => scope.get(name) !== undefined,
      (name) => own.has(name),
    );
    for (const index of order) {
      const node = nodes[index]!;
      if (++this.count > NODE_LIMIT)
        raise('HAIO_E_LIMIT', { what: 'the number of nodes', got: this.count, limit: NODE_LIMIT });
      const name = nameOf(node, index, frame.prefix);
      const results = this.#named(node, name, () => this.#node(node, name, frame));
      node.output.forEach((output, i) => {
        if (output === '') return;
        const value = results[i];
        if (value === undefined)
          raise('HAIO_E_GRAPH', {
            reason: `node '${name}' (${node.op_type}) has no output ${i} ('${output}')`,
          });
        scope.define(output, value && this.#settle(value, output));
      });
    }
    return outputs.map((name) => scope.get(name) ?? null);
  }

  /** Adds the node's name to errors; what is no HaioError is the node's input being nonsense. */
  #named<T>(node: NodeProto, name: string, make: () => T): T {
    try {
      return make();
    } catch (e) {
      if (e instanceof PinRequest) throw e;
      if (!(e instanceof HaioError)) {
        const reason = `node '${name}' (${node.op_type}): ${(e as Error).message}`;
        return raise('HAIO_E_GRAPH', { reason }, e);
      }
      if (e.fields['node'] === '')
        return raise(e.code, { ...e.fields, node: name, op: node.op_type }, e);
      throw e;
    }
  }

  /** Small values that only constants decide become constants; others get the model's name. */
  #settle(v: Value, name: string): Value {
    if (!v.node) return v;
    const known = this.#knowledge.tensor(v);
    if (known) return constant(weightOf(known), name);
    // values that an entry's `build` made have no name yet
    if (v.name === '') (v as { name: string }).name = name;
    return v;
  }

  #node(node: NodeProto, name: string, frame: Frame): readonly (Value | null)[] {
    const domain = domainOf(node.domain);
    const given = node.input.map((n) => (n === '' ? null : (frame.scope.get(n) ?? null)));
    while (given.at(-1) === null) given.pop();
    const view = new ImportedNode({
      name,
      type: node.op_type,
      opset: versionOf(frame.opsets, domain),
      inputs: given,
      outputCount: node.output.length,
      attributes: attributesOf(node, frame.refs),
      external: this.#options.externalData,
      body: (graph, types) => this.#body(graph, types, { ...frame, prefix: `${name}/` }),
    });
    if (domain === '' && node.op_type === 'Constant') return [constant(constantOf(view))];
    if (domain === '' && node.op_type === 'If') {
      const branch = this.#decide(view, frame);
      if (branch) return branch;
    }
    const operator = findOperator(this.#table, node, frame.opsets);
    if (operator) return withOrigin([name], () => this.#apply(operator, view, node));
    const local = this.#model.functions.get(functionKey(domain, node.op_type, node.overload));
    if (!local) return raiseUnsupported(this.#model, this.#table);
    return this.#call(local, view, node, frame);
  }

  #apply({ op, entry }: Operator, view: ImportedNode, node: NodeProto): readonly Value[] {
    let results: readonly Value[];
    try {
      results = entry.build
        ? entry.build(view)
        : applyAll(op, entry.read?.(view), view.inputs, {
            origin: [view.name],
            wanted: node.output.map((o) => o !== ''),
            names: node.output,
          });
    } catch (e) {
      // steered by numbers that are not known: they may be had by asking
      if (e instanceof HaioError && e.code === 'HAIO_E_UNSUPPORTED') this.#askFor(view);
      throw e;
    }
    if (!SIZED_BY_DATA.has(view.type) && hasNewSize(results, view.inputs)) this.#askFor(view);
    return results;
  }

  /** Asks for what decides the inputs that steer the node, where that is possible. */
  #askFor({ type, inputs }: ImportedNode): void {
    const steering = STEERED_BY_FIRST.has(type) ? inputs : inputs.slice(1);
    const requests = steering.flatMap((v) =>
      v && !v.fact.value && !this.#knowledge.tensor(v) ? (this.#knowledge.pins(v) ?? []) : [],
    );
    if (requests.length > 0)
      throw new PinRequest(
        [...new Set(requests.flatMap((r) => r.symbols))],
        [...new Set(requests.flatMap((r) => r.inputs))],
      );
  }

  /** The outputs of the branch that an If takes, where that is known or can be asked for. */
  #decide(view: ImportedNode, frame: Frame): readonly Value[] | null {
    const [condition] = view.inputs;
    if (!condition) raise('HAIO_E_GRAPH', { reason: `node '${view.name}' (If) has no condition` });
    const known = this.#knowledge.tensor(condition);
    if (!known) {
      const request = this.#knowledge.pins(condition);
      if (request) throw request;
      return null;
    }
    if (known.dtype !== 'bool' || known.data.length !== 1)
      raise('HAIO_E_TYPE', {
        node: view.name,
        op: 'If',
        reason: `the condition must be one bool, got ${known.dtype}[${known.shape.join(',')}]`,
      });
    const branch = view.proto(known.data[0] ? 'then_branch' : 'else_branch');
    return this.#graph(branch, {
      ...frame,
      scope: new Scope(frame.scope),
      prefix: `${view.name}/`,
    });
  }

  #body(graph: GraphProto, types: readonly (Type | null)[], frame: Frame): Body {
    const scope = new Scope(frame.scope, this.#knowledge);
    const own = graph.input.map((info, i) => {
      const type =
        types[i] ??
        typeOfProto(info.type, `'${info.name}'`, (size, axis) =>
          this.#symbols.dim(size ?? `${frame.prefix}${info.name}_${axis}`, () => 1),
        );
      if (!type)
        raise('HAIO_E_GRAPH', { reason: `input '${info.name}' of a body has no known type` });
      const value = input(info.name, type);
      scope.define(info.name, value);
      return value;
    });
    const outputs = this.#graph(graph, { ...frame, scope });
    const { outer, inner } = scope.captures();
    return {
      graph: {
        inputs: [...own, ...inner],
        outputs,
        outputNames: graph.output.map((o) => o.name),
      },
      captures: outer,
    };
  }

  /** A function's nodes in place of its call. */
  #call(
    local: FunctionProto,
    view: ImportedNode,
    node: NodeProto,
    frame: Frame,
  ): readonly (Value | null)[] {
    const calls = [...frame.calls, local];
    if (frame.calls.includes(local))
      raise('HAIO_E_GRAPH', { reason: `the function '${local.name}' calls itself` });
    if (calls.length > DEPTH_LIMIT)
      raise('HAIO_E_LIMIT', {
        what: 'functions in functions',
        got: calls.length,
        limit: DEPTH_LIMIT,
      });
    const scope = new Scope();
    local.input.forEach((name, i) => scope.define(name, view.inputs[i] ?? null));
    const defaults = local.attribute_proto.map((a) => [a.name, a] as const);
    const refs = new Map([...defaults, ...attributesOf(node, frame.refs)]);
    const opsets = new Map([...this.#model.opsets, ...opsetsOf(local.opset_import)]);
    const inner: Frame = { scope, opsets, prefix: `${view.name}/`, refs, calls };
    return this.#nodes(local.node, local.output, inner, new Set(local.input));
  }
}

/** A node's attributes by name; inside a function, references are those of its call. */
function attributesOf(
  node: NodeProto,
  refs: ReadonlyMap<string, AttributeProto> | null,
): Map<string, AttributeProto> {
  const all = new Map<string, AttributeProto>();
  for (const a of node.attribute) {
    const actual = a.ref_attr_name === '' ? a : refs?.get(a.ref_attr_name);
    if (actual) all.set(a.name, actual);
  }
  return all;
}

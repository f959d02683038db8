/** Random models of If, Loop and Scan within each other, for tests of blocks. */
import { encodeModel, graph, modelOf, node, valueInfo } from '../../lib/onnx/export.js';
import type { GraphProto, NodeProto, Plain, ValueInfoProto } from '../../lib/onnx/messages.js';
import { type Tensor, fromNumbers } from '../../lib/tensor/tensor.js';
import { type Random, random } from './random.js';

const WIDTH = 6;
type Size = number | string;
type Shape = readonly Size[];

/** Values of one shape that nodes may use. */
interface Scope {
  readonly shape: Shape;
  readonly names: string[];
  /** values of the graphs around that have another shape, which sums over axis 0 make one of this */
  readonly rows: readonly string[];
}

class Generator {
  readonly constants: Record<string, Tensor> = {};
  readonly #r: Random;
  #count = 0;

  constructor(seed: number) {
    this.#r = random(seed);
  }

  name = (hint: string): string => `${hint}${this.#count++}`;
  #pick = <T>(list: readonly T[]): T => list[this.#r.int(0, list.length)]!;
  #constant(t: Tensor): string {
    const name = this.name('c');
    this.constants[name] = t;
    return name;
  }
  #number = (dtype: 'int64' | 'float32', value: number): string =>
    this.#constant(fromNumbers(dtype, [], [value]));

  /** A bool that depends on data. */
  #condition(nodes: Plain<NodeProto>[], x: string, threshold: number): string {
    const [sum, yes] = [this.name('sum'), this.name('yes')];
    nodes.push(node('ReduceSum', [x], [sum], { keepdims: 0 }));
    nodes.push(node('Less', [sum, this.#number('float32', threshold)], [yes]));
    return yes;
  }

  /** A few nodes and the names of their results, all of the scope's shape. */
  nodes(scope: Scope, count: number, depth: number): Plain<NodeProto>[] {
    const nodes: Plain<NodeProto>[] = [];
    for (let i = 0; i < count; i++) {
      const out = this.name('v');
      const x = this.#pick(scope.names);
      const kind = depth > 0 ? this.#r.int(0, 9) : this.#r.int(0, 4);
      if (kind === 0) nodes.push(node('Tanh', [x], [out]));
      else if (kind === 1) nodes.push(node('Add', [x, this.#pick(scope.names)], [out]));
      else if (kind === 2) nodes.push(node('Mul', [x, this.#number('float32', 0.7)], [out]));
      else if (kind === 3) this.#mix(nodes, scope, x, out);
      else if (kind <= 5) this.#if(nodes, scope, x, out, depth - 1);
      else if (kind <= 7) this.#loop(nodes, scope, x, out, depth - 1);
      else this.#scan(nodes, scope, x, out, depth - 1);
      scope.names.push(out);
    }
    return nodes;
  }

  #mix(nodes: Plain<NodeProto>[], { shape, rows }: Scope, x: string, out: string): void {
    if (shape.at(-1) === WIDTH && shape.length === 2) {
      const weight = this.#constant(this.#r.tensor([WIDTH, WIDTH], 0.4));
      nodes.push(node('MatMul', [x, weight], [out]));
    } else if (shape[0] === WIDTH && rows.length > 0) {
      const sum = this.name('row');
      const axis = this.#constant(fromNumbers('int64', [1], [0]));
      nodes.push(node('ReduceSum', [this.#pick(rows), axis], [sum], { keepdims: 0 }));
      nodes.push(node('Sub', [x, sum], [out]));
    } else nodes.push(node('Softmax', [x], [out], { axis: 0 }));
  }

  #inner = ({ shape, names, rows }: Scope, ...more: string[]): Scope => ({
    shape,
    names: [...names, ...more],
    rows,
  });
  #info = (name: string, { shape }: Scope): Plain<ValueInfoProto> =>
    valueInfo(name, 'float32', [...shape]);

  #if(nodes: Plain<NodeProto>[], scope: Scope, x: string, out: string, depth: number): void {
    const branch = (): Plain<GraphProto> => {
      const inner = this.#inner(scope);
      // now and then a branch gives what came from outside
      const made = this.nodes(inner, this.#r.int(0, 4), depth);
      const last = this.name('b');
      const tail = node('Identity', [inner.names.at(-1)!], [last]);
      return graph([...made, tail], [], [this.#info(last, scope)]);
    };
    const yes = this.#condition(nodes, x, this.#pick([-1, 0, 1]));
    const attributes = { then_branch: { graph: branch() }, else_branch: { graph: branch() } };
    nodes.push(node('If', [yes], [out], attributes));
  }

  #loop(nodes: Plain<NodeProto>[], scope: Scope, x: string, out: string, depth: number): void {
    const [i, go, a, b, on] = ['i', 'go', 'a', 'b', 'on'].map(this.name) as [
      string,
      string,
      string,
      string,
      string,
    ];
    const inner = this.#inner(scope, a, b);
    const body: Plain<NodeProto>[] = [];
    const [f, step] = [this.name('f'), this.name('v')];
    body.push(node('Cast', [i], [f], { to: 1 }), node('Add', [a, f], [step]));
    inner.names.push(step);
    body.push(...this.nodes(inner, this.#r.int(1, 4), depth));
    const counted = this.#r.int(0, 2) === 0;
    const [na, nb, item] = ['na', 'nb', 'item'].map(this.name) as [string, string, string];
    body.push(node('Tanh', [inner.names.at(-1)!], [na]));
    // states change places now and then
    body.push(node('Identity', [this.#pick([a, b, na])], [nb]));
    body.push(node('Identity', [this.#pick(inner.names)], [item]));
    if (counted) body.push(node('Identity', [go], [on]));
    else {
      const yes = this.#condition(body, na, this.#pick([-0.5, 0.5, 100]));
      body.push(node('Identity', [yes], [on]));
    }
    const trips = this.#pick([0, 1, 2, 5]);
    // without a trip only the declared sizes tell those of the items: interpreters do without them
    const collects = counted && trips > 0;
    const limit = counted ? this.#number('int64', trips) : this.#pick(['k', '']);
    const first = counted ? '' : this.#condition(nodes, x, this.#pick([-2, 0, 2]));
    // without a limit the condition alone must end it: after nine trips at the latest
    if (limit === '') {
      const [small, both] = [this.name('small'), this.name('both')];
      body.push(node('Less', [i, this.#number('int64', 8)], [small]));
      body.push(node('And', [on, small], [both]));
      body.push(node('Identity', [both], [`${on}_`]));
    }
    const done = limit === '' ? `${on}_` : on;
    const ins = [valueInfo(i, 'int64', []), valueInfo(go, 'bool', [])];
    const g = graph(
      body,
      [...ins, this.#info(a, scope), this.#info(b, scope)],
      [
        valueInfo(done, 'bool', []),
        this.#info(na, scope),
        this.#info(nb, scope),
        ...(collects ? [this.#info(item, scope)] : []),
      ],
    );
    const [ra, rb, all] = ['ra', 'rb', 'all'].map(this.name) as [string, string, string];
    const results = collects ? [ra, rb, all] : [ra, rb];
    nodes.push(
      node('Loop', [limit, first, x, this.#pick(scope.names)], results, { body: { graph: g } }),
    );
    const both = this.name('both');
    nodes.push(node('Add', [ra, rb], [both]));
    if (!collects) {
      nodes.push(node('Identity', [both], [out]));
      return;
    }
    const axis = this.#constant(fromNumbers('int64', [1], [0]));
    const sum = this.name('sum');
    nodes.push(node('ReduceSum', [all, axis], [sum], { keepdims: 0 }));
    nodes.push(node('Add', [both, sum], [out]));
  }

  #scan(nodes: Plain<NodeProto>[], scope: Scope, x: string, out: string, depth: number): void {
    const { shape } = scope;
    if (shape.length < 2) {
      nodes.push(node('Abs', [x], [out]));
      return;
    }
    const axis = this.#r.int(0, 2);
    const inner: Scope = {
      shape: shape.filter((_, a) => a !== axis),
      names: [],
      rows: scope.names,
    };
    const [state, cut, next, item] = ['st', 'cut', 'nx', 'item'].map(this.name) as [
      string,
      string,
      string,
      string,
    ];
    inner.names.push(state, cut);
    const body = this.nodes(inner, this.#r.int(1, 4), depth);
    body.push(node('Tanh', [inner.names.at(-1)!], [next]));
    body.push(node('Add', [next, cut], [item]));
    const g = graph(
      body,
      [this.#info(state, inner), this.#info(cut, inner)],
      [this.#info(next, inner), this.#info(item, inner)],
    );
    const start = this.name('start');
    const axes = this.#constant(fromNumbers('int64', [1], [axis]));
    nodes.push(node('ReduceSum', [this.#pick(scope.names), axes], [start], { keepdims: 0 }));
    const [last, all] = [this.name('last'), this.name('all')];
    nodes.push(
      node('Scan', [start, x], [last, all], {
        body: { graph: g },
        num_scan_inputs: 1,
        scan_input_axes: [axis],
        scan_output_axes: [axis],
        scan_input_directions: [this.#r.int(0, 2)],
        scan_output_directions: [this.#r.int(0, 2)],
      }),
    );
    const wide = this.name('wide');
    nodes.push(node('Unsqueeze', [last, axes], [wide]));
    nodes.push(node('Add', [all, wide], [out]));
  }
}

/** x float32[n, 6] and k int64[] (trips of some loops) → y float32[n, 6], of a few nodes in bodies to `depth`. */
export function controlFlow(seed: number, depth = 2): Uint8Array {
  const g = new Generator(seed);
  const scope: Scope = { shape: ['n', WIDTH], names: ['x'], rows: [] };
  const nodes = g.nodes(scope, 6, depth);
  nodes.push(node('Tanh', [scope.names.at(-1)!], ['bounded']));
  nodes.push(node('Cast', ['k'], ['kf'], { to: 1 }), node('Add', ['bounded', 'kf'], ['y']));
  return encodeModel(
    modelOf(
      graph(
        nodes,
        [valueInfo('x', 'float32', ['n', WIDTH]), valueInfo('k', 'int64', [])],
        [valueInfo('y', 'float32', ['n', WIDTH])],
        g.constants,
      ),
      17,
    ),
  );
}

export const controlFlowFeeds = (seed: number, n: number, k: number): Record<string, Tensor> => ({
  x: random(1000 + seed).tensor([n, WIDTH]),
  k: fromNumbers('int64', [], [k]),
});

/**
 * Products of one input with several constant matrices (query, key, value) become one product with
 * the matrices side by side, and views of its columns. Only where the columns go on to be reshaped:
 * element-wise work is better done on the tiles of separate products.
 */
import { apply, applyAll, withOrigin } from '../ir/build.js';
import {
  type Graph,
  type Node,
  type Value,
  dtypeOf,
  shapeOf,
  topological,
  usersOf,
} from '../ir/graph.js';
import { isOp } from '../ir/op.js';
import type { Pass } from '../ir/pass.js';
import { mapGraph } from '../ir/rewrite.js';
import { Add } from '../ops/add.js';
import { Concat } from '../ops/concat.js';
import { MatMul } from '../ops/mat-mul.js';
import { Reshape } from '../ops/reshape.js';
import { Split } from '../ops/split.js';
import { Transpose } from '../ops/transpose.js';
import { isConstant } from './fold-constants.js';
import { sizes } from './shapes.js';

interface Member {
  readonly product: Node;
  readonly matrix: Value;
  readonly bias: Value | null;
  /** whose output the columns replace: the bias Add, or the product */
  readonly last: Node;
}

export const mergeProducts: Pass = {
  name: 'merge-products',
  rules: ['merge'],
  run(graph, ctx) {
    const groups = findGroups(graph).filter((g) => ctx.allow('merge', g[0]!.product));
    const groupOf = new Map(groups.flatMap((g) => g.map((m) => [m.last, g] as const)));
    const leaders = new Map(groups.map((g) => [g[0]!.product, g] as const));
    const columns = new Map<Node, Value>();
    return mapGraph(graph, (node, was) => {
      const group = leaders.get(was);
      if (group) {
        const parts = merged(node.inputs[0]!, group);
        group.forEach((m, i) => columns.set(m.last, parts[i]!));
      }
      return groupOf.has(was) ? [columns.get(was)!] : null;
    });
  },
};

/** Groups of at least two products of one input, each in topological order. */
function findGroups(graph: Graph): Member[][] {
  const order = topological(graph.outputs);
  const users = usersOf(order);
  const outputs = new Set(graph.outputs);
  const byInput = new Map<string, Member[]>();
  for (const node of order) {
    const member = memberOf(node, (v) => (outputs.has(v) ? [] : (users.get(v) ?? [])));
    if (!member) continue;
    const [x, w] = node.inputs as [Value, Value];
    const key = `${x.id},${dtypeOf(w)},${member.bias === null}`;
    const list = byInput.get(key);
    if (list) list.push(member);
    else byInput.set(key, [member]);
  }
  return [...byInput.values()].filter((g) => g.length > 1);
}

function memberOf(node: Node, usersIn: (v: Value) => readonly Node[]): Member | null {
  if (!isOp(node, MatMul) || node.attrs.stages.length > 0) return null;
  const [x, matrix] = node.inputs as [Value, Value];
  if (!isConstant(matrix) || shapeOf(matrix).length !== 2 || shapeOf(x).length < 2) return null;
  const product = node as Node;
  const [only, ...more] = usersIn(node.outputs[0]!);
  const bias = isOp(only, Add) && more.length === 0 ? biasOf(only, node.outputs[0]!) : null;
  const last = bias ? only! : product;
  const next = usersIn(last.outputs[0]!);
  const reshaped = next.length > 0 && next.every((n) => isOp(n, Reshape) || isOp(n, Transpose));
  return reshaped ? { product, matrix, bias, last } : null;
}

/** The other operand of an Add, where it is a vector of the product's columns. */
function biasOf(node: Node, product: Value): Value | null {
  const other = node.inputs.find((v) => v !== product);
  if (!other || !isConstant(other)) return null;
  const shape = shapeOf(other);
  return shape.length === 1 && shape[0] === shapeOf(product).at(-1) ? other : null;
}

function merged(x: Value, group: readonly Member[]): readonly Value[] {
  const origin = [...new Set(group.flatMap((m) => [...m.product.origin, ...m.last.origin]))];
  return withOrigin(origin, () => {
    const matrix = apply(
      Concat,
      { axis: 1 },
      group.map((m) => m.matrix),
    );
    let y = apply(MatMul, { stages: [] }, [x, matrix]);
    if (group[0]!.bias)
      y = apply(Add, {}, [
        y,
        apply(
          Concat,
          { axis: 0 },
          group.map((m) => m.bias),
        ),
      ]);
    const widths = sizes(group.map((m) => shapeOf(m.matrix)[1]!));
    const axis = shapeOf(y).length - 1;
    return applyAll(Split, { axis, count: group.length }, [y, widths], {
      wanted: group.map(() => true),
    });
  });
}

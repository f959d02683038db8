/**
 * State pairs whose output is the input with more behind it, present = Concat(past, new): both lie in one
 * buffer with room to grow, so that appending writes the new part and moves nothing.
 */
import { type Graph, type Node, type Value, isTensorType, shapeOf } from '../ir/graph.js';
import { isOp } from '../ir/op.js';
import { Concat } from '../ops/concat.js';
import { type Dim, newSymbol, symbolDim } from '../tensor/dim.js';

export interface Appended {
  readonly past: Value;
  readonly present: Value;
  readonly axis: number;
}

/** Names of outputs by the names of the inputs that take them in the next run. */
export type StateNames = Readonly<Record<string, string>>;

/** Room that buffers of appended pairs have along their axis; the runtime gives it with each run. */
export const CAPACITY: Dim = symbolDim(newSymbol('capacity', { typical: 1024 }));

/** Shape of the buffer that holds a pair. */
export const roomOf = ({ present, axis }: Appended): Dim[] =>
  [...shapeOf(present)].with(axis, CAPACITY);

/** The pairs of `names` that are made by appending. */
export function appendedPairs(graph: Graph, names: StateNames): Appended[] {
  return graph.inputs.flatMap((past): Appended[] => {
    const wanted = Object.hasOwn(names, past.name) ? names[past.name] : undefined;
    const present = graph.outputs[graph.outputNames.indexOf(wanted ?? '')];
    const node = present?.node;
    if (!present || !isOp(node, Concat) || node.inputs[0] !== past) return [];
    if (!isTensorType(past.fact.type) || past.fact.type.dtype === 'string') return [];
    const once = graph.outputs.filter((v) => v === present).length === 1;
    if (!once || graph.outputs.includes(past) || node.inputs.lastIndexOf(past) > 0) return [];
    return [{ past, present, axis: node.attrs.axis }];
  });
}

/** Those of which all is done within one native cut: nobody else sees past or present. */
export function pairsOfCuts(
  pairs: readonly Appended[],
  cuts: readonly { readonly native: boolean; readonly nodes: readonly Node[] }[],
): Appended[] {
  return pairs.filter(({ past, present }) => {
    const seen = cuts.filter(({ nodes }) =>
      nodes.some(
        (n) => n === present.node || n.inputs.includes(past) || n.inputs.includes(present),
      ),
    );
    return seen.length === 1 && seen[0]!.native;
  });
}

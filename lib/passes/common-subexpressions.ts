/** Merges nodes that compute the same from the same values, and equal constants. */
import type { Node, Value } from '../ir/graph.js';
import { isImpure } from '../ir/op.js';
import type { Pass } from '../ir/pass.js';
import { mapGraph, remake } from '../ir/rewrite.js';
import type { Weight } from '../tensor/weight.js';

/** Constants up to so many bytes are compared by content, larger ones by where they lie. */
const CONTENT = 4096;

export const commonSubexpressions: Pass = {
  name: 'common-subexpressions',
  rules: ['merge'],
  run(graph, ctx) {
    const id = identities();
    const constants = new Map<string, Value>();
    const firsts = new Map<Value, Value>();
    const nodes = new Map<string, Node>();
    const shared = (v: Value | null): Value | null => {
      if (!v?.weight) return v;
      let first = firsts.get(v);
      if (!first) {
        const key = weightKey(v.weight, id);
        first = constants.get(key) ?? v;
        constants.set(key, first);
        firsts.set(v, first);
      }
      return first;
    };
    return mapGraph(graph, (node) => {
      if (isImpure(node)) return null;
      const inputs = node.inputs.map(shared);
      const refs = inputs.map((v) => (v ? id(v) : '_'));
      const key = [id(node.op), node.outputs.length, attrsKey(node.attrs, id), ...refs].join();
      const first = nodes.get(key);
      if (first && ctx.allow('merge', node)) return first.outputs;
      const outputs = inputs.every((v, i) => v === node.inputs[i])
        ? node.outputs
        : remake(node, inputs);
      nodes.set(key, outputs[0]!.node!);
      return outputs;
    });
  },
};

type Identity = (x: object) => number;

/** Numbers for objects that are compared by identity. */
function identities(): Identity {
  const ids = new Map<object, number>();
  return (x) => {
    let n = ids.get(x);
    if (n === undefined) ids.set(x, (n = ids.size));
    return n;
  };
}

function weightKey(w: Weight, id: Identity): string {
  const view = `${w.dtype}|${w.shape.join()}|${w.strides.join()}|${w.offset}`;
  if (w.strings) return `${view}|${JSON.stringify(w.strings)}`;
  if (w.bytes.length <= CONTENT) return `${view}|${Buffer.from(w.bytes).toString('latin1')}`;
  return `${view}|${id(w.bytes.buffer)}|${w.bytes.byteOffset}|${w.bytes.length}`;
}

/** Attributes by content; ops, sizes and bodies by identity (sizes are interned). */
function attrsKey(x: unknown, id: Identity): string {
  if (typeof x === 'string') return JSON.stringify(x);
  if (typeof x === 'number') return Object.is(x, -0) ? '-0' : `${x}`;
  if (typeof x !== 'object' || x === null) return String(x);
  if (Array.isArray(x)) return `[${x.map((e: unknown) => attrsKey(e, id)).join()}]`;
  if (Object.getPrototypeOf(x) !== Object.prototype) return `#${id(x)}`;
  if ('infer' in x || 'terms' in x || 'outputNames' in x) return `#${id(x)}`;
  const entries = Object.entries(x).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, e]) => `${name}:${attrsKey(e, id)}`).join()}}`;
}

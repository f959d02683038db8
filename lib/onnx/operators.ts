/** Which OpDef stands for an ONNX operator: the highest version not above the model's. */
import { raise } from '../errors.js';
import type { OnnxEntry, OpDef } from '../ir/op.js';
import { type Model, domainOf, functionKey, opsetsOf } from './model.js';
import type { GraphProto, NodeProto } from './messages.js';

export interface Operator {
  readonly op: OpDef;
  readonly entry: OnnxEntry<unknown>;
}
/** Entries of each operator, newest first, by 'domain:type'. */
export type OperatorTable = ReadonlyMap<string, readonly Operator[]>;

const tables = new WeakMap<readonly OpDef[], OperatorTable>();

export function tableOf(ops: readonly OpDef[]): OperatorTable {
  const known = tables.get(ops);
  if (known) return known;
  const table = new Map<string, Operator[]>();
  for (const op of ops)
    for (const entry of op.onnx ?? []) {
      const key = `${entry.domain ?? ''}:${entry.type}`;
      const list = table.get(key);
      if (list) list.push({ op, entry });
      else table.set(key, [{ op, entry }]);
    }
  for (const list of table.values()) list.sort((a, b) => b.entry.since - a.entry.since);
  tables.set(ops, table);
  return table;
}

/** Version of a domain's operator set; other domains than ai.onnx need no import. */
export function versionOf(opsets: ReadonlyMap<string, number>, domain: string): number {
  const version = opsets.get(domain) ?? (domain === '' ? undefined : 1);
  return (
    version ??
    raise('HAIO_E_MODEL', { reason: 'it does not say which ai.onnx operator set it uses' })
  );
}

export const findOperator = (
  table: OperatorTable,
  node: NodeProto,
  opsets: ReadonlyMap<string, number>,
): Operator | undefined => {
  const domain = domainOf(node.domain);
  const entries = table.get(`${domain}:${node.op_type}`);
  return entries?.find((o) => o.entry.since <= versionOf(opsets, domain));
};

/** Name of a node in reports and errors: its own, or type and place in its graph. */
export const nameOf = (node: NodeProto, index: number, prefix = ''): string =>
  prefix + (node.name !== '' ? node.name : `${node.op_type}_${index}`);

/** Graphs among a node's attributes. */
export const bodiesOf = (node: NodeProto): GraphProto[] =>
  node.attribute.flatMap((a) => [...(a.g ? [a.g] : []), ...a.graphs]);

/** Its operators compute gradients and update weights. */
const TRAINING = 'ai.onnx.preview.training';

/** Whole searches in one node, which call the model from inside. */
const SEARCHES = new Set(['BeamSearch', 'GreedySearch', 'Sampling', 'WhisperBeamSearch']);

/** Why it will not be there, for what is left out on purpose. */
function reasonAgainst(domain: string, type: string): string {
  if (domain === TRAINING) return ': it trains, and haio only runs models';
  return domain === 'com.microsoft' && SEARCHES.has(type)
    ? ': export the decoder alone and loop over its steps'
    : '';
}

/** At most so many names of nodes are listed for one operator. */
const NAMES = 3;

/** Raises HAIO_E_UNSUPPORTED with every operator of the model that has no OpDef. */
export function raiseUnsupported(model: Model, table: OperatorTable): never {
  const missing = new Map<
    string,
    { type: string; domain: string; version: number; nodes: string[] }
  >();
  const seen = new Set<object>();
  const visit = (nodes: readonly NodeProto[], opsets: ReadonlyMap<string, number>): void => {
    nodes.forEach((node, i) => {
      for (const body of bodiesOf(node)) visit(body.node, opsets);
      const domain = domainOf(node.domain);
      if ((domain === '' && node.op_type === 'Constant') || findOperator(table, node, opsets))
        return;
      const local = model.functions.get(functionKey(domain, node.op_type, node.overload));
      if (local) {
        if (seen.has(local)) return;
        seen.add(local);
        return visit(local.node, new Map([...model.opsets, ...opsetsOf(local.opset_import)]));
      }
      const version = versionOf(opsets, domain);
      const key = `${domain}:${node.op_type}:${version}`;
      const entry = missing.get(key) ?? { type: node.op_type, domain, version, nodes: [] };
      entry.nodes.push(nameOf(node, i));
      missing.set(key, entry);
    });
  };
  visit(model.graph.node, model.opsets);
  const list = [...missing.values()].map(({ type, domain, version, nodes }) => {
    const more = nodes.length > NAMES ? ` and ${nodes.length - NAMES} more` : '';
    const names = nodes.slice(0, NAMES).map((n) => `'${n}'`);
    const why = reasonAgainst(domain, type);
    return `${type} (${domain || 'ai.onnx'} ${version}; ${names.join(', ')}${more}${why})`;
  });
  raise('HAIO_E_UNSUPPORTED', { list: list.join(', '), operators: [...missing.values()] });
}

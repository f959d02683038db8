/** Operators by name: what host nodes of a compiled model are read back with. */
import type { OpDef } from '../ir/op.js';
import * as ops from '../ops/index.js';

const isOp = (x: unknown): x is OpDef =>
  typeof x === 'object' && x !== null && typeof (x as OpDef).infer === 'function';

const byName = new Map<string, OpDef>();
for (const op of Object.values(ops) as unknown[]) if (isOp(op)) byName.set(op.name, op);

export const operatorByName = (name: string): OpDef | undefined => byName.get(name);

/** All ops, derived from the generated index. */
import type { OpDef } from '../ir/op.js';
import * as index from './index.js';

export const ALL_OPS: readonly OpDef[] = Object.values(index);

/** Ops by name. */
export const OPS: ReadonlyMap<string, OpDef> = new Map(ALL_OPS.map((op) => [op.name, op]));

/** The flat expression table read back: what DimTable of lib/tensor/dim.ts writes. */
import * as D from '../tensor/dim.js';
import type { Dim, DimSymbol } from '../tensor/dim.js';

/** How many of a row's three arguments are rows. */
const ARITY: Record<(typeof D.FLAT_OPS)[number], number> = {
  const: 0,
  wide: 0,
  symbol: 0,
  add: 2,
  mul: 2,
  floorDiv: 2,
  ceilDiv: 2,
  mod: 2,
  min: 2,
  max: 2,
  eq: 2,
  lt: 2,
  select: 3,
};

/** What is wrong with a table, or null: rows may use earlier rows and the given symbols only. */
export function rowFault(rows: Int32Array, symbols: number): string | null {
  if (rows.length % 4 !== 0) return 'not a list of rows';
  for (let r = 0; r < rows.length / 4; r++) {
    const op = D.FLAT_OPS[rows[4 * r]!];
    if (op === undefined) return `row ${r} has an unknown operator`;
    if (op === 'symbol' && !(rows[4 * r + 1]! >= 0 && rows[4 * r + 1]! < symbols))
      return `row ${r} has an unknown symbol`;
    for (let i = 1; i <= ARITY[op]; i++)
      if (!(rows[4 * r + i]! >= 0 && rows[4 * r + i]! < r)) return `row ${r} uses a later row`;
  }
  return null;
}

/** Each row as an expression. */
export function dimsOfTable(rows: Int32Array, symbols: readonly DimSymbol[]): Dim[] {
  const dims: Dim[] = [];
  for (let i = 0; i < rows.length; i += 4) {
    const op = D.FLAT_OPS[rows[i]!]!;
    const [a, b] = [rows[i + 1]!, rows[i + 2]!];
    if (op === 'const') dims.push(a);
    else if (op === 'wide') dims.push(a * 2 ** 31 + b);
    else if (op === 'symbol') dims.push(D.symbolDim(symbols[a]!));
    else if (op === 'select') dims.push(D.select(dims[a]!, dims[b]!, dims[rows[i + 3]!]!));
    else dims.push(D[op](dims[a]!, dims[b]!));
  }
  return dims;
}

/** The symbol that a row stands for, or −1 where it is another expression. */
export const symbolOfRow = (rows: Int32Array, row: number): number =>
  D.FLAT_OPS[rows[4 * row]!] === 'symbol' ? rows[4 * row + 1]! : -1;

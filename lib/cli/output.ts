/** How verbs write. */

/** Writes a line. */
export type Print = (line: string) => void;

export const megabytes = (n: number): string => `${(n / 1e6).toFixed(n < 1e7 ? 2 : 1)} MB`;

/** Lines with a name before the first one, for a column of names; nothing where there are none. */
export function row(print: Print, name: string, lines: readonly string[]): void {
  lines.forEach((line, i) => print(`${(i === 0 ? name : '').padEnd(11)}${line}`));
}

/** How verbs write. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { raise } from '../errors.js';

/** Writes a line. */
export type Print = (line: string) => void;

/** What a verb may do to the world outside. */
export interface Io {
  /** results */
  readonly print: Print;
  /** what happens now, for who watches a terminal; null: nothing any more */
  readonly progress: (what: string | null) => void;
  /** 1 where the verb did its work and the answer is no */
  exitCode: 0 | 1;
}

/** Progress on one line of the terminal that is overwritten; nothing where there is no terminal. */
export function terminalProgress(stream: NodeJS.WriteStream): Io['progress'] {
  if (!stream.isTTY) return () => undefined;
  let shown = false;
  return (what) => {
    if (what === null && !shown) return;
    stream.write(`\r\x1b[K${what ?? ''}`);
    shown = what !== null;
  };
}

export const megabytes = (n: number): string => `${(n / 1e6).toFixed(n < 1e7 ? 2 : 1)} MB`;

/** A few digits, for people. */
export const short = (x: number): string =>
  Number.isInteger(x) && Math.abs(x) < 1e9 ? `${x}` : `${Number(x.toPrecision(4))}`;

/** Milliseconds for people: three digits. */
export const milliseconds = (x: number): string =>
  `${x.toFixed(x < 1 ? 4 : x < 10 ? 3 : x < 100 ? 2 : 1)} ms`;

/** Lines with a name before the first one, for a column of names; nothing where there are none. */
export function row(print: Print, name: string, lines: readonly string[]): void {
  lines.forEach((line, i) => print(`${(i === 0 ? name : '').padEnd(11)}${line}`));
}

/**
 * Writes a file: all of it, or nothing.
 * @throws HaioError HAIO_E_FILE
 */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, content);
    renameSync(draft, path);
  } catch (e) {
    rmSync(draft, { force: true });
    raise('HAIO_E_FILE', { path, reason: (e as Error).message }, e);
  }
}

#!/usr/bin/env node
/** The command line: `haio <verb> …`. Results go to standard output, errors to standard error. */
import { readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { HaioError } from '../errors.js';
import { inspectCommand } from './commands/inspect.js';
import type { Print } from './output.js';

const versionOf = (): string => {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
};

/** Runs a command line; returns the exit code: 0 fine, 1 failed, 2 wrong usage. */
export async function main(
  args: readonly string[],
  print: Print = (line) => void process.stdout.write(`${line}\n`),
  warn: Print = (line) => void process.stderr.write(`${line}\n`),
): Promise<number> {
  const program = new Command('haio')
    .description('Compiles ONNX models for the CPU at hand and runs them.')
    .version(versionOf())
    .addCommand(inspectCommand(print));
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({
      writeOut: (text) => print(text.trimEnd()),
      writeErr: (text) => warn(text.trimEnd()),
    });
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (e) {
    if (e instanceof CommanderError) return e.exitCode === 0 ? 0 : 2;
    if (!(e instanceof HaioError)) throw e;
    warn(`haio: ${e.message} (${e.code})`);
    return 1;
  }
}

const started = process.argv[1];
if (started && realpathSync(started) === fileURLToPath(import.meta.url))
  process.exitCode = await main(process.argv.slice(2));

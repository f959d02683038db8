#!/usr/bin/env node
/** The command line: `haio <verb> …`. Results go to standard output, errors to standard error. */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../native/binding.js';
import { HaioError } from '../errors.js';
import { benchCommand } from './commands/bench.js';
import { capacityCommand } from './commands/capacity.js';
import { compareCommand } from './commands/compare.js';
import { compileCommand } from './commands/compile.js';
import { costCommand } from './commands/cost.js';
import { doctorCommand } from './commands/doctor.js';
import { explainCommand } from './commands/explain.js';
import { inspectCommand } from './commands/inspect.js';
import { predictCommand } from './commands/predict.js';
import { profileCommand } from './commands/profile.js';
import { quantizeCommand } from './commands/quantize.js';
import { reportCommand } from './commands/report.js';
import { runCommand } from './commands/run.js';
import { type Io, type Print, terminalProgress } from './output.js';

const VERBS = [
  runCommand,
  inspectCommand,
  explainCommand,
  compileCommand,
  benchCommand,
  profileCommand,
  costCommand,
  predictCommand,
  capacityCommand,
  reportCommand,
  quantizeCommand,
  compareCommand,
];

/** Runs a command line; returns the exit code: 0 fine, 1 failed or the answer is no, 2 wrong usage. */
export async function main(
  args: readonly string[],
  print: Print = (line) => void process.stdout.write(`${line}\n`),
  warn: Print = (line) => void process.stderr.write(`${line}\n`),
  progress: Io['progress'] = terminalProgress(process.stderr),
): Promise<number> {
  const io: Io = { print, progress, exitCode: 0 };
  const version = packageVersion();
  const program = new Command('haio')
    .description('Compiles ONNX models for the CPU at hand and runs them.')
    .version(version)
    .addHelpText('after', '\nExample:\n  haio run model.onnx --input x=float32[1,3,224,224]');
  for (const verb of VERBS) program.addCommand(verb(io));
  program.addCommand(doctorCommand(io, version));
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({
      writeOut: (text) => print(text.trimEnd()),
      writeErr: (text) => warn(text.trimEnd()),
    });
  try {
    await program.parseAsync(args, { from: 'user' });
    return io.exitCode;
  } catch (e) {
    progress(null);
    if (e instanceof CommanderError) return e.exitCode === 0 ? 0 : 2;
    if (!(e instanceof HaioError)) throw e;
    warn(`haio: ${e.message} (${e.code})`);
    return 1;
  }
}

const started = process.argv[1];
if (started && realpathSync(started) === fileURLToPath(import.meta.url)) {
  // the reader of a pipe may have seen enough
  process.stdout.on('error', (e: NodeJS.ErrnoException) => {
    if (e.code === 'EPIPE') process.exit(0);
    throw e;
  });
  process.exitCode = await main(process.argv.slice(2));
}

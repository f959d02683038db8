import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { raise } from '../../errors.js';
import { HARDWARE_FAMILIES, KNOWN_ERRORS } from '../../hardware/families.js';
import { type HardwareProfile, isProfile } from '../../hardware/profile.js';
import { formatBytes, table } from '../../plan/explain.js';
import { type CostOptions, costOptions, reportCosts } from '../costs.js';
import { integer } from '../options.js';
import { type Io, milliseconds, short } from '../output.js';

interface Options extends CostOptions {
  readonly target?: string;
  readonly threads?: number;
  readonly json?: boolean;
}

/** A family by its name, or the profile in a file.json. */
export function readTarget(name: string): HardwareProfile {
  const family = Object.hasOwn(HARDWARE_FAMILIES, name) ? HARDWARE_FAMILIES[name] : undefined;
  if (family) return family;
  const known = Object.keys(HARDWARE_FAMILIES).join(', ');
  if (!name.endsWith('.json')) raise('HAIO_E_NAME', { what: 'target', name, known });
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(name, 'utf8'));
  } catch (e) {
    raise('HAIO_E_FILE', { path: name, reason: (e as Error).message }, e);
  }
  return isProfile(found)
    ? found
    : raise('HAIO_E_FILE', { path: name, reason: 'it is no hardware profile of this version' });
}

const errors = Object.entries(KNOWN_ERRORS).map(
  ([name, error]) => `${name}, with a median error of ${Math.round(100 * error)} %`,
);
/** What is known of the families' error. */
export const UNMEASURED =
  'families are described from data sheets, not measured; compared with runs was only ' +
  errors.join('; ');

/** What a target is predicted to do. */
interface Predicted {
  readonly target: string;
  readonly isa: string;
  readonly threads: number;
  readonly milliseconds: number;
  /** runs per second of all cores, one thread each */
  readonly throughput: number;
  /** bytes: weights, and one run's own */
  readonly memory: number;
  readonly measured: boolean;
  /** median relative error where it was compared with runs, else null */
  readonly error: number | null;
  readonly sources: readonly string[];
}

async function predict(path: string, options: Options, io: Io): Promise<void> {
  const names = options.target === undefined ? Object.keys(HARDWARE_FAMILIES) : [options.target];
  const machines = names.map((name) => ({ name, hardware: readTarget(name) }));
  const targets = machines.flatMap(({ hardware }) => {
    const { usable } = hardware.cores;
    const threads = Math.min(options.threads ?? usable, usable);
    return [
      { hardware, threads },
      { hardware, threads: 1, instances: usable },
    ];
  });
  const reports = await reportCosts(path, options, targets, io);
  const list = machines.map(({ name, hardware }, i): Predicted => {
    const [one, busy] = [reports[2 * i]!, reports[2 * i + 1]!];
    const { weights, arena, scratch } = one.memory;
    return {
      ...{ target: name, isa: one.isa, threads: one.threads, milliseconds: one.milliseconds },
      throughput: (1000 * hardware.cores.usable) / busy.milliseconds,
      memory: weights + arena + scratch,
      measured: !hardware.sources,
      error: KNOWN_ERRORS[name] ?? null,
      sources: hardware.sources ?? [],
    };
  });
  if (options.json) return io.print(JSON.stringify(list));
  const rows = list.map((p) => [
    p.target,
    p.isa,
    `${p.threads}`,
    milliseconds(p.milliseconds),
    short(Number(p.throughput.toPrecision(3))),
    formatBytes(p.memory),
  ]);
  const head = ['target', 'isa', 'threads', 'a run', 'runs/s', 'memory'];
  table([head, ...rows], [2, 3, 4, 5]).forEach(io.print);
  if (list.some((p) => !p.measured)) io.print(UNMEASURED);
  if (options.target !== undefined) list[0]!.sources.forEach((s) => io.print(`  ${s}`));
}

export const predictCommand = (io: Io): Command =>
  costOptions(new Command('predict'))
    .summary('predict runs on other CPUs')
    .description(
      'Predicts a run on CPUs of other families, or on a machine whose profile is in a file (as in the ' +
        'cache folder that `haio doctor` writes): latency on all its cores, runs per second with one ' +
        `thread for each of them, memory.\n\nTargets: ${Object.keys(HARDWARE_FAMILIES).join(', ')}`,
    )
    .option('--target <name>', 'a family, or a profile.json; default: all families')
    .option('-t, --threads <n>', 'threads of a run; default: all cores', integer(1))
    .option('--json', 'for programs')
    .addHelpText('after', '\nExample:\n  haio predict model.onnx --target zen4 --threads 8')
    .action((path: string, options: Options) => predict(path, options, io));

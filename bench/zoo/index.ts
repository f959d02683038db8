/** The models of the zoo by name: as published but for their weights, and small ones for tests. */
import { BERT_BASE, VIT_B16, WHISPER_TINY, bert, vit, whisperEncoder } from './encoders.js';
import { GPT2, gpt2 } from './gpt2.js';
import { LLAMA, llama } from './llama.js';
import { FULL, efficientnetB0, mobilenetV2, mobilenetV3, resnet50, yolo } from './images.js';

export interface ZooModel {
  full(): Uint8Array;
  /** a fraction of the size, the same kinds of nodes */
  small(): Uint8Array;
}
const SMALL = { width: 0.25, depth: 0.5, side: 64 };
const TINY = { layers: 2, hidden: 48, heads: 3 };

export const ZOO: Readonly<Record<string, ZooModel>> = {
  gpt2: {
    full: () => gpt2(GPT2),
    small: () => gpt2({ ...TINY, vocabulary: 200, positions: 64 }),
  },
  llama: {
    full: () => llama(LLAMA),
    small: () =>
      llama({
        layers: 2,
        hidden: 96,
        heads: 6,
        shared: 2,
        inner: 160,
        vocabulary: 200,
        positions: 64,
      }),
  },
  resnet50: { full: () => resnet50(FULL), small: () => resnet50(SMALL) },
  mobilenet_v2: { full: () => mobilenetV2(FULL), small: () => mobilenetV2(SMALL) },
  mobilenet_v3: { full: () => mobilenetV3(FULL), small: () => mobilenetV3(SMALL) },
  efficientnet_b0: { full: () => efficientnetB0(FULL), small: () => efficientnetB0(SMALL) },
  bert_base: { full: () => bert(BERT_BASE), small: () => bert(TINY, 7, 200) },
  vit_b16: { full: () => vit(VIT_B16), small: () => vit({ ...TINY, side: 64 }) },
  yolo: { full: () => yolo(), small: () => yolo({ ...SMALL, side: 96 }) },
  whisper_encoder: {
    full: () => whisperEncoder(WHISPER_TINY),
    small: () => whisperEncoder({ ...TINY, frames: 100 }),
  },
};

/**
 * Text recognition with a PP-OCR network: a crop 48 pixels high → class scores per column → text by
 * CTC best-path decoding (Graves et al., "Connectionist Temporal Classification", 2006).
 */
import { readFileSync } from 'node:fs';
import { type Image, resample, toPlanes } from './image.js';
import type { Box } from './detect.js';

const HEIGHT = 48;
const HALF = [0.5, 0.5, 0.5];

/** The network's input for one box: height 48, width in proportion (a multiple of 8, at least 48). */
export async function recognitionInput(
  image: Image,
  box: Box,
): Promise<{ data: Float32Array; dims: readonly number[] }> {
  const { left, top, width, height } = box;
  const scaled = Math.max(HEIGHT, Math.round((width / height) * HEIGHT));
  const crop = await resample(image, { left, top, width, height }, scaled, HEIGHT);
  const padded = Math.ceil(scaled / 8) * 8;
  return { data: toPlanes(crop, HALF, HALF, padded), dims: [1, 3, HEIGHT, padded] };
}

/** The classes of a recognition model: blank, the characters of the key file, space. */
export const readKeys = (path: string): string[] => [
  '',
  ...readFileSync(path, 'utf8')
    .split('\n')
    .map((line) => line.replace('\r', '')),
  ' ',
];

/** `scores` is [steps, classes]; returns the text and the mean probability of its characters. */
export function decode(
  scores: Float32Array,
  classes: number,
  keys: readonly string[],
): { text: string; confidence: number } {
  let text = '';
  let sum = 0;
  let count = 0;
  let previous = 0;
  for (let at = 0; at < scores.length; at += classes) {
    let best = 0;
    for (let c = 1; c < classes; c++) if (scores[at + c]! > scores[at + best]!) best = c;
    if (best !== 0 && best !== previous) {
      text += keys[best] ?? '';
      sum += scores[at + best]!;
      count++;
    }
    previous = best;
  }
  return { text, confidence: count === 0 ? 0 : sum / count };
}

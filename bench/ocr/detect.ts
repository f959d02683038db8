/**
 * Text detection with a PP-OCR "DB" network: image → probability map → boxes. Method: Liao et al.,
 * "Real-time Scene Text Detection with Differentiable Binarization", 2019 (threshold, connected
 * regions, unclip by area·ratio/perimeter). Boxes are upright rectangles.
 */
import { type Image, resample, toPlanes } from './image.js';

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly score: number;
}

const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];
const MAX_SIDE = 960;
const THRESHOLD = 0.3;
const MIN_SCORE = 0.6;
const UNCLIP = 1.6;

/** The network's input for an image: sides scaled to at most 960 and to multiples of 32. */
export async function detectionInput(
  image: Image,
): Promise<{ data: Float32Array; dims: readonly number[] }> {
  const scale = Math.min(1, MAX_SIDE / Math.max(image.width, image.height));
  const to32 = (x: number): number => Math.max(32, Math.round((x * scale) / 32) * 32);
  const width = to32(image.width);
  const height = to32(image.height);
  const whole = { left: 0, top: 0, width: image.width, height: image.height };
  const scaled = await resample(image, whole, width, height);
  return { data: toPlanes(scaled, MEAN, STD), dims: [1, 3, height, width] };
}

/** Boxes in image coordinates, in reading order (top to bottom, then left to right). */
export function boxesOf(
  map: Float32Array,
  width: number,
  height: number,
  image: { width: number; height: number },
): Box[] {
  const boxes: Box[] = [];
  const seen = new Uint8Array(width * height);
  for (let start = 0; start < seen.length; start++) {
    if (seen[start] || map[start]! <= THRESHOLD) continue;
    const region = flood(map, seen, start, width, height);
    const box = boxOf(region, image.width / width, image.height / height, image);
    if (box) boxes.push(box);
  }
  return boxes.sort((a, b) =>
    Math.abs(a.top - b.top) < Math.min(a.height, b.height) / 2 ? a.left - b.left : a.top - b.top,
  );
}

interface Region {
  x0: number;
  x1: number;
  y0: number;
  y1: number;
  sum: number;
  count: number;
}

/** The 8-connected region of pixels above the threshold that contains `start`. */
function flood(
  map: Float32Array,
  seen: Uint8Array,
  start: number,
  width: number,
  height: number,
): Region {
  const r: Region = { x0: width, x1: 0, y0: height, y1: 0, sum: 0, count: 0 };
  const stack = [start];
  seen[start] = 1;
  while (stack.length > 0) {
    const at = stack.pop()!;
    const x = at % width;
    const y = (at - x) / width;
    r.x0 = Math.min(r.x0, x);
    r.x1 = Math.max(r.x1, x);
    r.y0 = Math.min(r.y0, y);
    r.y1 = Math.max(r.y1, y);
    r.sum += map[at]!;
    r.count++;
    for (let dy = -1; dy <= 1; dy++)
      for (let dx = -1; dx <= 1; dx++) {
        const [nx, ny] = [x + dx, y + dy];
        if (nx < 0 || ny < 0 || nx >= width || ny >= height) continue;
        const next = ny * width + nx;
        if (seen[next] || map[next]! <= THRESHOLD) continue;
        seen[next] = 1;
        stack.push(next);
      }
  }
  return r;
}

function boxOf(
  r: Region,
  sx: number,
  sy: number,
  image: { width: number; height: number },
): Box | null {
  const w = r.x1 - r.x0 + 1;
  const h = r.y1 - r.y0 + 1;
  const score = r.sum / r.count;
  if (Math.min(w, h) < 3 || score < MIN_SCORE) return null;
  const grow = (w * h * UNCLIP) / (2 * (w + h));
  const left = Math.max(0, Math.floor((r.x0 - grow) * sx));
  const top = Math.max(0, Math.floor((r.y0 - grow) * sy));
  const right = Math.min(image.width, Math.ceil((r.x1 + 1 + grow) * sx));
  const bottom = Math.min(image.height, Math.ceil((r.y1 + 1 + grow) * sy));
  return { left, top, width: right - left, height: bottom - top, score };
}

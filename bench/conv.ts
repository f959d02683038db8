/**
 * Layers of image models in float32 on one thread, as shares of the peak that this machine's multiply-adds
 * reached, the arithmetic counted as in the definition: Winograd's transforms go above 100 %. Weights and
 * images stay in the caches between runs as far as they fit.
 *
 *   node dist/bench/conv.js [isa]
 */
import { figureOf, header, line } from './shapes.js';

interface Layer {
  readonly what: string;
  readonly side: number;
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly depthwise?: boolean;
}
const LAYERS: readonly Layer[] = [
  { what: 'first of ResNet', side: 224, from: 3, to: 64, kernel: 7, stride: 2 },
  { what: 'first of MobileNet', side: 224, from: 3, to: 32, kernel: 3, stride: 2 },
  { what: 'ResNet', side: 56, from: 64, to: 256, kernel: 1 },
  { what: 'ResNet', side: 56, from: 256, to: 64, kernel: 1 },
  { what: 'ResNet', side: 14, from: 1024, to: 256, kernel: 1 },
  { what: 'ResNet', side: 7, from: 512, to: 2048, kernel: 1 },
  { what: 'ResNet', side: 56, from: 64, to: 64, kernel: 3 },
  { what: 'ResNet', side: 28, from: 128, to: 128, kernel: 3 },
  { what: 'ResNet', side: 14, from: 256, to: 256, kernel: 3 },
  { what: 'ResNet', side: 7, from: 512, to: 512, kernel: 3 },
  { what: 'ResNet', side: 56, from: 128, to: 128, kernel: 3, stride: 2 },
  { what: 'VGG', side: 112, from: 128, to: 128, kernel: 3 },
  { what: 'BlazeFace', side: 128, from: 24, to: 24, kernel: 1 },
  { what: 'SqueezeNet', side: 55, from: 16, to: 64, kernel: 1 },
  { what: 'MobileNet', side: 112, from: 32, to: 32, kernel: 3, depthwise: true },
  { what: 'MobileNet', side: 28, from: 192, to: 192, kernel: 3, depthwise: true },
  { what: 'MobileNet', side: 14, from: 576, to: 576, kernel: 3, stride: 2, depthwise: true },
];
/** oneDNN 3.14: sums over all layers of a network with warm weights, as shares of its peak. */
const ONEDNN_DENSE = 0.81;
const ONEDNN_DEPTHWISE = 54 / 215;

await header('layer');
for (const { what, side, from, to, kernel, stride = 1, depthwise = false } of LAYERS) {
  const [group, half, out] = [depthwise ? from : 1, (kernel - 1) >> 1, Math.ceil(side / stride)];
  const each = (from / group) * kernel * kernel;
  const figure = await figureOf([1, from, side, side], 2 * out * out * to * each, (w, x) => {
    const weight = w.weight('w', w.normal([to, from / group, kernel, kernel], 0.05));
    return w.op('Conv', [x, weight], {
      group,
      kernel_shape: [kernel, kernel],
      pads: [half, half, half, half],
      strides: [stride, stride],
    });
  });
  const name = `${what} ${side}² ${from}→${to} ${kernel}×${kernel}`;
  const way = `${stride > 1 ? ` s${stride}` : ''}${depthwise ? ' dw' : ''}`;
  line(name + way, figure, 0, depthwise ? ONEDNN_DEPTHWISE : ONEDNN_DENSE);
}
process.exit();

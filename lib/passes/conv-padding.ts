/**
 * Padding of a convolution becomes a Pad node, which whoever makes the image may write into: no copy.
 * Depthwise convolutions pad by themselves.
 */
import { apply } from '../ir/build.js';
import { type Value, dtypeOf, shapeOf } from '../ir/graph.js';
import { isOp } from '../ir/op.js';
import { rules } from '../ir/pass.js';
import { nodeRule } from '../ir/rewrite.js';
import { Conv, type ConvAttrs } from '../ops/conv.js';
import { ConvInteger } from '../ops/conv-integer.js';
import { scalarLike } from '../ops/formula.js';
import { Pad } from '../ops/pad.js';
import { axesOf } from '../ops/pooling.js';
import { reshaped } from '../ops/reshape.js';
import { sizes } from './shapes.js';

export const convPadding = rules('conv-padding', [
  nodeRule('pad', [Conv, ConvInteger], (node) => {
    const integers = isOp(node, ConvInteger);
    if (!integers && (!isOp(node, Conv) || dtypeOf(node.inputs[0]!) !== 'float32')) return null;
    const [x, w, ...rest] = node.inputs as readonly [Value, Value, ...(Value | null)[]];
    const { attrs } = node;
    if (attrs.group !== 1 && shapeOf(w)[1] === 1) return null;
    const edges = axesOf({ ...attrs, ceil: false }, shapeOf(x));
    if (edges.every((e) => e.before === 0 && e.after === 0)) return null;
    const around = sizes([...edges.map((e) => e.before), ...edges.map((e) => e.after)]);
    const axes = edges.map((_, i) => i + 1);
    const zero = (integers && rest[0] && reshaped(rest[0], [])) || scalarLike(x, 0);
    const padded = apply(Pad, { mode: 'constant', axes }, [x, around, zero]);
    const pads = edges.map(() => [0, 0] as const);
    return apply<ConvAttrs>(node.op, { ...attrs, pads }, [padded, w, ...rest]);
  }),
]);

/** The activation that onnxruntime's fused operators carry: its name, and its parameters in one of two forms. */
import { raise } from '../errors.js';
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxNode } from '../ir/op.js';
import { Celu } from './celu.js';
import { Clip } from './clip.js';
import { Elu } from './elu.js';
import { fromStart } from './facts.js';
import { Gelu } from './gelu.js';
import { HardSigmoid } from './hard-sigmoid.js';
import { HardSwish } from './hard-swish.js';
import { LeakyRelu } from './leaky-relu.js';
import { Relu } from './relu.js';
import { Selu } from './selu.js';
import { Sigmoid } from './sigmoid.js';
import { Silu } from './silu.js';
import { Softmax } from './softmax.js';
import { Softplus } from './softplus.js';
import { Softsign } from './softsign.js';
import { Tanh } from './tanh.js';
import { ThresholdedRelu } from './thresholded-relu.js';

/** Parameters as an activation reads them, by place or by name. */
type Parameter = (place: number, name: string, fallback: number) => number;

const ACTIVATIONS: Readonly<Record<string, (x: Value, p: Parameter, n: OnnxNode) => Value>> = {
  Relu: (x) => apply(Relu, {}, [x]),
  Tanh: (x) => apply(Tanh, {}, [x]),
  Sigmoid: (x) => apply(Sigmoid, {}, [x]),
  Silu: (x) => apply(Silu, {}, [x]),
  HardSwish: (x) => apply(HardSwish, {}, [x]),
  Softplus: (x) => apply(Softplus, {}, [x]),
  Softsign: (x) => apply(Softsign, {}, [x]),
  Gelu: (x) => apply(Gelu, { approximate: 'none' }, [x]),
  FastGelu: (x) => apply(Gelu, { approximate: 'tanh' }, [x]),
  LeakyRelu: (x, p) => apply(LeakyRelu, { alpha: p(0, 'alpha', 0.01) }, [x]),
  ThresholdedRelu: (x, p) => apply(ThresholdedRelu, { alpha: p(0, 'alpha', 1) }, [x]),
  Elu: (x, p) => apply(Elu, { alpha: p(0, 'alpha', 1) }, [x]),
  Celu: (x, p) => apply(Celu, { alpha: p(0, 'alpha', 1) }, [x]),
  Selu: (x, p) =>
    apply(Selu, { alpha: p(0, 'alpha', 1.67326319), gamma: p(1, 'gamma', 1.05070102) }, [x]),
  Clip: (x, p) => apply(Clip, { lo: p(0, 'min', -Infinity), hi: p(1, 'max', Infinity) }, [x]),
  HardSigmoid: (x, p) =>
    apply(HardSigmoid, { alpha: p(0, 'alpha', 0.2), beta: p(1, 'beta', 0.5) }, [x]),
  Softmax: (x, _, n) =>
    apply(Softmax, { axis: fromStart(n.int('activation_axis', -1), shapeOf(x).length) }, [x]),
};

/** x behind the node's attribute `activation`; x itself where it has none. */
export function activated(n: OnnxNode, x: Value): Value {
  const name = n.string('activation', '');
  if (name === '') return x;
  const make = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
  if (!make)
    return raise('HAIO_E_ATTRIBUTE', {
      node: n.name,
      op: n.type,
      attribute: 'activation',
      expected: Object.keys(ACTIVATIONS).join(', '),
      got: name,
    });
  const list = n.floats('activation_params', []);
  return make(
    x,
    (place, key, fallback) => list[place] ?? n.float(`activation_${key}`, fallback),
    n,
  );
}

import { apply, literal } from '../ir/build.js';
import { rules } from '../ir/pass.js';
import { Concat } from '../ops/concat.js';
import { Expand } from '../ops/expand.js';
import { Flatten } from '../ops/flatten.js';
import { Identity } from '../ops/identity.js';
import { ReduceMean } from '../ops/reduce-mean.js';
import { Slice } from '../ops/slice.js';
import { Softmax } from '../ops/softmax.js';
import { Squeeze } from '../ops/squeeze.js';
import { Unsqueeze } from '../ops/unsqueeze.js';
import { LATE_VIEW_RULES, VIEW_RULES } from './simplify-views.js';
import { leaves, transpose, x32 } from './support.test.js';

const ints = (...values: number[]) => literal('int64', [values.length], values);
const passes = [rules('views', [...VIEW_RULES, ...LATE_VIEW_RULES])];

describe('simplify-views', () => {
  it('makes one Reshape of a chain, none where the shape is as before', () => {
    const x = x32(2, 3, 1, 4);
    const flat = apply(Flatten, { axis: 2 }, [apply(Squeeze, { axes: [2] }, [x])]);
    leaves(passes, apply(Unsqueeze, { axes: [0] }, [flat]), 'Reshape 1');
    leaves(passes, apply(Unsqueeze, { axes: [2] }, [apply(Squeeze, { axes: [2] }, [x])]), '');
  });

  it('joins Transposes and knows those that move nothing', () => {
    const x = x32(2, 3, 1, 4);
    leaves(passes, transpose(transpose(x, 1, 0, 3, 2), 1, 0, 3, 2), '');
    leaves(passes, transpose(transpose(x, 1, 0, 3, 2), 1, 2, 0, 3), 'Transpose 1');
    leaves(passes, transpose(x, 0, 2, 1, 3), 'Reshape 1');
  });

  it('drops what leaves its input as it is', () => {
    const x = x32(2, 1, 4);
    const end = (v: typeof x) => apply(Softmax, { axis: 2 }, [v]);
    leaves(passes, end(apply(Identity, {}, [x])), 'Softmax 1');
    leaves(
      passes,
      end(apply(Slice, { axes: [0], steps: [1] }, [x, ints(0), ints(9)])),
      'Softmax 1',
    );
    leaves(
      passes,
      end(apply(Slice, { axes: [0], steps: [-1] }, [x, ints(9), ints(-9)])),
      'Slice 1, Softmax 1',
    );
    leaves(passes, end(apply(Concat, { axis: 1 }, [x])), 'Softmax 1');
    leaves(passes, end(apply(Expand, {}, [x, ints(2, 1, 1)])), 'Softmax 1');
    leaves(passes, apply(ReduceMean, { axes: [1], keepdims: false }, [x]), 'Reshape 1');
  });
});

/** ONNX operators that are imported as MatMul and what stands around it. */
import { apply } from '../ir/build.js';
import { type Value, shapeOf } from '../ir/graph.js';
import type { OnnxEntry, OnnxNode, OpDef } from '../ir/op.js';
import type { GraphStage } from '../ir/stages.js';
import { plus, times } from './formula.js';
import { activated } from './fused-activation.js';
import { Gelu } from './gelu.js';
import { Transpose } from './transpose.js';

interface ProductAttrs {
  readonly stages: readonly GraphStage[];
}
type Multiply = (a: Value, b: Value) => Value;

const scaled = (v: Value, factor: number): Value => (factor === 1 ? v : times(v, factor));

/** The last two axes exchanged; with `batch`, the first axis stands before the last one instead. */
function turned(v: Value, matrix: boolean, batch = false): Value {
  const rank = shapeOf(v).length;
  const axes = Array.from({ length: rank }, (_, i) => i);
  if (rank < 2) return v;
  const moved = batch ? [...axes.slice(1, -1), 0, rank - 1] : axes;
  const perm = matrix ? [...moved.slice(0, -2), moved.at(-1)!, moved.at(-2)!] : moved;
  return perm.every((a, i) => a === i) ? v : apply(Transpose, { perm }, [v]);
}

const flag = (n: OnnxNode, name: string): boolean => n.int(name, 0) !== 0;

/** Gemm: α·A′·B′ + β·C. */
function gemm(n: OnnxNode, multiply: Multiply): readonly Value[] {
  const a = turned(n.inputs[0]!, flag(n, 'transA'));
  const b = turned(n.inputs[1]!, flag(n, 'transB'));
  const product = scaled(multiply(a, b), n.float('alpha', 1));
  const c = n.inputs[2];
  return [c ? plus(product, scaled(c, n.float('beta', 1))) : product];
}

/** FusedMatMul of onnxruntime: α·A′·B′. */
function fusedMatMul(n: OnnxNode, multiply: Multiply): readonly Value[] {
  const [a, b] = n.inputs as [Value, Value];
  const left = turned(a, flag(n, 'transA'), flag(n, 'transBatchA'));
  const right = turned(b, flag(n, 'transB'), flag(n, 'transBatchB'));
  return [scaled(multiply(left, right), n.float('alpha', 1))];
}

/** Entries of `matMul` beside MatMul's own. */
export function productEntries(
  matMul: () => OpDef<ProductAttrs>,
): readonly OnnxEntry<ProductAttrs>[] {
  const multiply: Multiply = (a, b) => apply(matMul(), { stages: [] }, [a, b]);
  return [
    { type: 'Gemm', since: 1, build: (n) => gemm(n, multiply) },
    {
      type: 'FusedGemm',
      domain: 'com.microsoft',
      since: 1,
      build: (n) => gemm(n, multiply).map((y) => activated(n, y)),
    },
    ...['FusedMatMul', 'TransposeMatMul', 'FusedMatMulActivation'].map((type) => ({
      type,
      domain: 'com.microsoft',
      since: 1,
      build: (n: OnnxNode) => fusedMatMul(n, multiply).map((y) => activated(n, y)),
    })),
    {
      type: 'GemmFastGelu',
      domain: 'com.microsoft',
      since: 1,
      build: ({ inputs: [x, w, bias] }) => {
        const product = multiply(x!, w!);
        return [apply(Gelu, { approximate: 'tanh' }, [bias ? plus(product, bias) : product])];
      },
    },
  ];
}

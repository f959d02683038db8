/** Which nodes compute in integers, and which values are quantized for them. */
import { type DocNode, type Document, intOf } from './document.js';
import { soleUser } from './fold.js';

/** A product with a constant weight. */
export interface WeightedNode {
  readonly node: DocNode;
  readonly weight: string;
  /** of the weight's axes, the one of output channels */
  readonly axis: number;
  /** of the weight's axes, the ones that are summed over */
  readonly inputAxis: number;
  readonly bias: string | null;
  /** the value after the activations that run with it */
  readonly result: string;
}

export interface Selection {
  readonly weighted: readonly WeightedNode[];
  /** nodes between them that can take and give integers */
  readonly inner: readonly DocNode[];
  /** values to quantize: the float inputs of all these */
  readonly values: readonly string[];
}

export interface SelectOptions {
  /** names of nodes (or of their outputs) that stay in float */
  readonly exclude: ReadonlySet<string>;
  /** operator types, of those that can be quantized */
  readonly ops: readonly string[];
}

/** Operators with weights. */
export const WEIGHTED = ['Conv', 'MatMul', 'Gemm'] as const;
/** The result has the elements of the (first) operand: it keeps its scale. */
const KEEPS_SCALE = new Set(
  'MaxPool Reshape Transpose Flatten Squeeze Unsqueeze Identity'.split(' '),
);
/** Others that read and write integers with scales of their own. */
const INNER = new Set(
  `${[...KEEPS_SCALE].join(' ')} Add Mul Concat AveragePool GlobalAveragePool Sigmoid HardSigmoid HardSwish LeakyRelu`.split(
    ' ',
  ),
);
export const keepsScale = (n: DocNode): boolean => KEEPS_SCALE.has(n.op_type);
/** Run on the sums of a product, before they are rounded. */
const TAIL = new Set(['Relu', 'Clip']);
const DEEPEST_TAIL = 3;

const excluded = (n: DocNode, { exclude }: SelectOptions): boolean =>
  [n.name, ...n.output].some((name) => exclude.has(name));

function weightedOf(doc: Document, n: DocNode, options: SelectOptions): WeightedNode | null {
  if (n.domain !== '' || !options.ops.includes(n.op_type) || excluded(n, options)) return null;
  const weight = n.input[1];
  const t = weight === undefined ? null : doc.constant(weight);
  if (!t || t.dtype !== 'float32' || doc.isConstant(n.input[0]!)) return null;
  const bias = n.input[2] ?? '';
  const common = { node: n, weight: weight!, bias: bias === '' ? null : bias };
  const result = tailOf(doc, n);
  if (n.op_type === 'Conv') return { ...common, axis: 0, inputAxis: 1, result };
  if (n.op_type === 'MatMul')
    return t.shape.length === 2 ? { ...common, axis: 1, inputAxis: 0, result } : null;
  if (n.op_type !== 'Gemm' || intOf(n, 'transA', 0) !== 0 || !isPlainGemm(n)) return null;
  const axis = intOf(n, 'transB', 0) === 1 ? 0 : 1;
  return { ...common, axis, inputAxis: 1 - axis, result };
}

const isPlainGemm = (n: DocNode): boolean =>
  n.attribute.every((a) => (a.name !== 'alpha' && a.name !== 'beta') || a.f === 1);

/** The value after a bias that is added (of MatMul) and activations. */
function tailOf(doc: Document, n: DocNode): string {
  let value = n.output[0]!;
  for (let i = 0; i < DEEPEST_TAIL; i++) {
    const next = soleUser(doc, value);
    const isBias =
      next?.op_type === 'Add' &&
      i === 0 &&
      n.op_type === 'MatMul' &&
      next.input.some((x) => doc.isConstant(x));
    if (!next || (!isBias && !TAIL.has(next.op_type))) break;
    value = next.output[0]!;
  }
  return value;
}

const floatInputs = (doc: Document, n: DocNode): string[] => {
  const data =
    n.op_type === 'Add' || n.op_type === 'Mul' || n.op_type === 'Concat'
      ? n.input
      : n.input.slice(0, 1);
  return data.filter((x) => x !== '' && !doc.isConstant(x));
};

/**
 * All products with constant weights that the options allow, and between them the nodes that would
 * otherwise make a value float for nothing: all their inputs come from quantized nodes, and some
 * quantized node reads their result.
 */
export function select(doc: Document, options: SelectOptions): Selection {
  const weighted = doc.nodes.flatMap((n) => weightedOf(doc, n, options) ?? []);
  const users = new Set(weighted.map((w) => w.node));
  const results = new Set(weighted.map((w) => w.result));
  let inner = doc.nodes.filter(
    (n) =>
      INNER.has(n.op_type) &&
      n.domain === '' &&
      !excluded(n, options) &&
      n.output.length === 1 &&
      floatInputs(doc, n).length > 0 &&
      (n.op_type === 'Reshape' ||
        n.input.slice(1).every((x) => x === '' || keepsScale(n) || !doc.isConstant(x))),
  );
  for (let before = -1; before !== inner.length;) {
    before = inner.length;
    const set = new Set(inner);
    const made = new Set([...results, ...inner.flatMap((n) => n.output)]);
    inner = inner.filter(
      (n) =>
        floatInputs(doc, n).every((x) => made.has(x)) &&
        doc.users(n.output[0]!).some((u) => users.has(u) || set.has(u)),
    );
  }
  const values = new Set([
    ...weighted.map((w) => w.node.input[0]!),
    ...inner.flatMap((n) => floatInputs(doc, n)),
  ]);
  return { weighted, inner, values: [...values] };
}

/** The value whose scale a value has: that before nodes which keep it. */
export function scaleOwner(doc: Document, value: string, inner: ReadonlySet<DocNode>): string {
  for (let v = value; ;) {
    const n = doc.maker(v);
    if (!n || !inner.has(n) || !keepsScale(n)) return v;
    v = n.input[0]!;
  }
}

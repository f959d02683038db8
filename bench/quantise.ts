/**
 * Writes quantised models as exporters do, from the float models of the catalogue: `minilm-int8.onnx`
 * with dynamically quantised products (DynamicQuantizeLinear, MatMulInteger, Cast, Mul) and
 * `resnet50-qdq.onnx` with QuantizeLinear and DequantizeLinear around its convolutions.
 *
 *   node dist/bench/quantise.js [OUT]     (default OUT: bench/models)
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from '../lib/index.js';
import { node } from '../lib/onnx/export.js';
import type { ModelProto, NodeProto, Plain, TensorProto } from '../lib/onnx/messages.js';
import { decode, encode } from '../lib/onnx/schema.js';
import { protoOfTensor, tensorOfProto } from '../lib/onnx/tensor.js';
import { type DType } from '../lib/tensor/dtype.js';
import { type Tensor, fromNumbers, toNumbers } from '../lib/tensor/tensor.js';
import { CATALOG, makeFeeds } from './catalog.js';

type Nodes = Plain<NodeProto>[];

/** A model taken apart, its floats by name. */
class Parts {
  readonly model: ModelProto;
  readonly weights = new Map<string, TensorProto>();
  readonly made: Plain<TensorProto>[] = [];
  constructor(bytes: Uint8Array) {
    this.model = decode('ModelProto', bytes);
    for (const t of this.model.graph!.initializer ?? []) this.weights.set(t.name, t);
  }
  tensor(name: string): Tensor | null {
    const t = this.weights.get(name);
    return t ? tensorOfProto(t) : null;
  }
  add(name: string, dtype: DType, shape: readonly number[], values: ArrayLike<number>): string {
    this.made.push(protoOfTensor(name, fromNumbers(dtype, shape, values)));
    return name;
  }
  /** The model with these nodes; only initializers that they read are kept. */
  bytes(nodes: Nodes, outputs = this.model.graph!.output): Uint8Array {
    const read = new Set(nodes.flatMap((n) => n.input ?? []));
    const kept = [...this.weights.values()].filter((t) => read.has(t.name));
    const graph = {
      ...this.model.graph!,
      node: nodes,
      initializer: [...kept, ...this.made] as TensorProto[],
      output: outputs ?? [],
      value_info: [],
    };
    const opset_import = [{ domain: '', version: 13 }];
    return encode('ModelProto', { ...this.model, ir_version: 8, opset_import, graph });
  }
}

/** Columns of a [K, N] matrix, or rows of [M, …], as int8 with a scale each. */
function perChannel(t: Tensor, channel: (i: number) => number, count: number) {
  const values = toNumbers(t);
  const scales = new Float32Array(count);
  values.forEach((x, i) => {
    const c = channel(i);
    scales[c] = Math.max(scales[c]!, Math.abs(x) / 127);
  });
  scales.forEach((s, i) => (scales[i] = s || 1));
  return { scales, data: values.map((x, i) => Math.round(x / scales[channel(i)]!)) };
}

function dynamic(bytes: Uint8Array): Uint8Array {
  const parts = new Parts(bytes);
  const quantised = new Map<string, string>();
  const nodes = (parts.model.graph!.node ?? []).flatMap((n): Nodes => {
    const [x, w] = n.input as [string, string];
    const weight = n.op_type === 'MatMul' ? parts.tensor(w) : null;
    if (!weight || weight.shape.length !== 2) return [n];
    const columns = weight.shape[1]!;
    const { scales, data } = perChannel(weight, (i) => i % columns, columns);
    const name = n.output[0]!;
    const made: Nodes = [];
    if (!quantised.has(x)) {
      quantised.set(x, `${x}_q`);
      made.push(node('DynamicQuantizeLinear', [x], [`${x}_q`, `${x}_s`, `${x}_z`]));
    }
    parts.add(`${w}_q`, 'int8', weight.shape, data);
    parts.add(`${w}_s`, 'float32', [columns], scales);
    return [
      ...made,
      node('MatMulInteger', [`${x}_q`, `${w}_q`, `${x}_z`], [`${name}_i`]),
      node('Cast', [`${name}_i`], [`${name}_f`], { to: 1 }),
      node('Mul', [`${x}_s`, `${w}_s`], [`${name}_s`]),
      node('Mul', [`${name}_f`, `${name}_s`], [name]),
    ];
  });
  return parts.bytes(nodes);
}

/** Convolutions with the batch normalisation behind them folded in. */
function foldNorms(parts: Parts): Nodes {
  const all = parts.model.graph!.node ?? [];
  const norms = new Map(
    all.filter((n) => n.op_type === 'BatchNormalization').map((n) => [n.input[0]!, n]),
  );
  return all.flatMap((n): Nodes => {
    if (n.op_type === 'BatchNormalization') return [];
    const norm = n.op_type === 'Conv' ? norms.get(n.output[0]!) : undefined;
    if (!norm) return [n];
    const [gamma, beta, mean, variance] = norm.input
      .slice(1)
      .map((v) => toNumbers(parts.tensor(v)!));
    const weight = parts.tensor(n.input[1]!)!;
    const [count, name] = [weight.shape[0]!, n.input[1]!];
    const each = weight.data.length / count;
    const factor = gamma!.map((g, i) => g / Math.sqrt(variance![i]! + 1e-5));
    const values = toNumbers(weight).map((x, i) => x * factor[Math.floor(i / each)]!);
    const folded = fromNumbers('float32', weight.shape, values);
    parts.weights.set(name, protoOfTensor(name, folded) as TensorProto);
    const bias = beta!.map((b, i) => b - mean![i]! * factor[i]!);
    const biasName = `${name}_bias`;
    parts.weights.set(
      biasName,
      protoOfTensor(biasName, fromNumbers('float32', [count], bias)) as TensorProto,
    );
    return [{ ...n, input: [n.input[0]!, name, biasName], output: [norm.output[0]!] }];
  });
}

async function qdq(
  bytes: Uint8Array,
  feeds: Parameters<Awaited<ReturnType<typeof load>>['run']>[0],
) {
  const parts = new Parts(bytes);
  const nodes = foldNorms(parts);
  const isTaken = (n: Plain<NodeProto>): boolean => ['Conv', 'Add', 'Sum'].includes(n.op_type!);
  const data = nodes
    .filter(isTaken)
    .flatMap((n) => (n.op_type === 'Conv' ? [n.input![0]!] : n.input!))
    .filter((name) => !parts.weights.has(name));
  const watched = [...new Set(data)];
  const outputs = watched.map((name) => ({ name, type: { tensor_type: { elem_type: 1 } } }));
  const inputs = new Set((parts.model.graph!.input ?? []).map((v) => v.name));
  const session = await load(
    parts.bytes(nodes, outputs.filter((o) => !inputs.has(o.name)) as never),
  );
  const results = { ...(await session.run(feeds)), ...feeds } as Record<
    string,
    { data: Float32Array }
  >;
  await session.release();
  const scales = new Map<string, number>();
  const pairs = new Map<string, Nodes>();
  for (const name of watched) {
    const values = results[name]!.data;
    let [low, high] = [0, 0];
    for (const x of values) [low, high] = [Math.min(low, x), Math.max(high, x)];
    const scale = Math.fround((high - low) / 255 || 1);
    scales.set(name, scale);
    parts.add(`${name}_s`, 'float32', [], [scale]);
    parts.add(`${name}_z`, 'uint8', [], [Math.round(-low / scale)]);
    pairs.set(name, [
      node('QuantizeLinear', [name, `${name}_s`, `${name}_z`], [`${name}_q`]),
      node('DequantizeLinear', [`${name}_q`, `${name}_s`, `${name}_z`], [`${name}_d`]),
    ]);
  }
  const placed = new Set<string>();
  const out = nodes.flatMap((n): Nodes => {
    const before = (n.input ?? []).flatMap((name) => {
      if (!pairs.has(name) || placed.has(name)) return [];
      placed.add(name);
      return pairs.get(name)!;
    });
    const read = n.input!.map((name) => (pairs.has(name) ? `${name}_d` : name));
    if (n.op_type !== 'Conv') return [...before, { ...n, input: read }];
    const [w, b] = n.input!.slice(1) as [string, string | undefined];
    const weight = parts.tensor(w)!;
    const count = weight.shape[0]!;
    const each = weight.data.length / count;
    const { scales: s, data: q } = perChannel(weight, (i) => Math.floor(i / each), count);
    const x = scales.get(n.input![0]!)!;
    parts.add(`${w}_q`, 'int8', weight.shape, q);
    parts.add(`${w}_s`, 'float32', [count], s);
    parts.add(`${w}_z`, 'int8', [count], new Array<number>(count).fill(0));
    const axis = { axis: 0 };
    before.push(node('DequantizeLinear', [`${w}_q`, `${w}_s`, `${w}_z`], [`${w}_d`], axis));
    const inputs = [read[0]!, `${w}_d`];
    if (b !== undefined) {
      const values = toNumbers(parts.tensor(b)!).map((v, i) => Math.round(v / (x * s[i]!)));
      parts.add(`${b}_q`, 'int32', [count], values);
      parts.add(
        `${b}_s`,
        'float32',
        [count],
        s.map((v) => x * v),
      );
      parts.add(`${b}_z`, 'int32', [count], new Array<number>(count).fill(0));
      before.push(node('DequantizeLinear', [`${b}_q`, `${b}_s`, `${b}_z`], [`${b}_d`], axis));
      inputs.push(`${b}_d`);
    }
    return [...before, { ...n, input: inputs }];
  });
  return parts.bytes(out);
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const [to = join(root, 'bench', 'models')] = process.argv.slice(2);
mkdirSync(to, { recursive: true });
const write = (name: string, bytes: Uint8Array): void => {
  writeFileSync(join(to, name), bytes);
  process.stdout.write(`${join(to, name)}: ${(bytes.length / 2 ** 20).toFixed(1)} MiB\n`);
};
for (const [name, file] of [
  ['minilm-128', 'minilm-int8.onnx'],
  ['resnet50', 'resnet50-qdq.onnx'],
] as const) {
  const spec = CATALOG.find((m) => m.name === name)!;
  if (spec.path === null) continue;
  const bytes = readFileSync(spec.path);
  const names = spec.inputs.map((i) => i.name);
  write(file, name === 'resnet50' ? await qdq(bytes, makeFeeds(spec, names)) : dynamic(bytes));
}

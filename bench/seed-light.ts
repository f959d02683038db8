/**
 * Gives ONNX's "light" test models real weights: they are true architectures whose large weights come
 * from ConstantOfShape, so their activations are all alike. Every constant becomes a seeded random
 * initializer (He-normal for weights, plausible batch-norm statistics).
 *
 *   node dist/bench/seed-light.js FOLDER_OF_LIGHT_MODELS [OUT]     (default OUT: bench/models)
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode, encode } from '../lib/onnx/schema.js';
import type { NodeProto, TensorProto } from '../lib/onnx/messages.js';
import { random } from './catalog.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const [from, to = join(root, 'bench', 'models')] = process.argv.slice(2);
if (from === undefined) throw new Error('which folder has the light models?');

function dimsOf(t: TensorProto): number[] {
  if (t.raw_data && t.raw_data.length > 0)
    return [...new BigInt64Array(new Uint8Array(t.raw_data).buffer)].map(Number);
  return (t.int64_data ?? []).map(Number);
}

/** Mean and deviation of a weight by the role it has for its first user. */
function distribution(user: NodeProto | undefined, slot: number, dims: number[]): [number, number] {
  if (user?.op_type === 'BatchNormalization')
    return [
      [0, 0],
      [1, 0.1],
      [0, 0.1],
      [0, 0.1],
      [1, 0.15],
    ][slot] as [number, number];
  if (dims.length <= 1) return [0, 0.1];
  const fan =
    user?.op_type === 'Gemm' || dims.length === 2
      ? dims[1]!
      : dims.slice(1).reduce((p, d) => p * d, 1);
  return [0, Math.sqrt(2 / fan)];
}

function normals(count: number, [mean, deviation]: [number, number], seed: number): Uint8Array {
  const next = random(seed);
  const out = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const r = Math.sqrt(-2 * Math.log(1 - next())) * deviation;
    const a = 2 * Math.PI * next();
    out[i] = mean + r * Math.cos(a);
    if (i + 1 < count) out[i + 1] = mean + r * Math.sin(a);
  }
  return new Uint8Array(out.buffer);
}

mkdirSync(to, { recursive: true });
for (const file of readdirSync(from).filter((f) => /^light_.*\.onnx$/.test(f))) {
  const model = decode('ModelProto', readFileSync(join(from, file)));
  const graph = model.graph!;
  const initializers = [...(graph.initializer ?? [])];
  const shapes = new Map(initializers.map((t) => [t.name, t]));
  const users = new Map<string, [NodeProto, number]>();
  for (const n of graph.node ?? [])
    (n.input ?? []).forEach((name, slot) => users.has(name) || users.set(name, [n, slot]));
  const kept: NodeProto[] = [];
  const spent = new Set<string>();
  let seed = 1;
  for (const n of graph.node ?? []) {
    const shape = n.op_type === 'ConstantOfShape' ? shapes.get(n.input[0]!) : undefined;
    if (!shape) {
      kept.push(n);
      continue;
    }
    const dims = dimsOf(shape);
    const name = n.output[0]!;
    const [user, slot] = users.get(name) ?? [undefined, 0];
    spent.add(shape.name);
    initializers.push({
      name,
      dims,
      data_type: 1,
      raw_data: normals(
        dims.reduce((p, d) => p * d, 1),
        distribution(user, slot, dims),
        ++seed,
      ),
    } as unknown as TensorProto);
  }
  // the shapes, and small initializers that stayed constant, are no inputs of the model
  const own = new Set(initializers.map((t) => t.name));
  const bytes = encode('ModelProto', {
    ...model,
    ir_version: 8,
    graph: {
      ...graph,
      node: kept,
      initializer: initializers.filter((t) => !spent.has(t.name)),
      input: (graph.input ?? []).filter((v) => !own.has(v.name)),
    },
  });
  const out = join(to, file.replace('light_', 'seeded_'));
  writeFileSync(out, bytes);
  process.stdout.write(`${out}: ${(bytes.length / 2 ** 20).toFixed(1)} MiB\n`);
}

import { Command, Option } from 'commander';
import { raise } from '../../errors.js';
import { type Graph, topological } from '../../ir/graph.js';
import { PinRequest } from '../../ir/op.js';
import { histogram, printGraph } from '../../ir/print.js';
import { openModel } from '../../onnx/files.js';
import { type Imported, type Signature, importModel, signatureOf } from '../../onnx/import.js';
import { optimize } from '../../passes/index.js';
import { bytesOf } from '../../tensor/dtype.js';
import { sizeOf } from '../../tensor/tensor.js';
import type { Weight } from '../../tensor/weight.js';
import { contents, sizes, tensorsFor } from '../assign.js';
import { type Print, megabytes, row } from '../output.js';

interface Options {
  readonly size?: Record<string, number>;
  readonly value?: Record<string, number[]>;
  readonly off?: string[];
  readonly stopAfter?: string;
  readonly graph?: 'before' | 'after' | 'both';
  readonly origins?: boolean;
  readonly json?: boolean;
}

/** Distinct constants of a graph, in bytes and elements. */
function weightsOf(graph: Graph): { tensors: number; elements: number; bytes: number } {
  const all = new Set<Weight>();
  const visit = (g: Graph): void => {
    const nodes = topological(g.outputs);
    for (const v of [...nodes.flatMap((n) => n.inputs), ...g.outputs])
      if (v?.weight) all.add(v.weight);
    for (const n of nodes) n.op.bodies?.(n.attrs).forEach(visit);
  };
  visit(graph);
  const list = [...all];
  return {
    tensors: list.length,
    elements: list.reduce((n, w) => n + sizeOf(w.shape), 0),
    bytes: list.reduce((n, w) => n + sizeOf(w.shape) * bytesOf(w.dtype), 0),
  };
}

const formatSignature = (s: Signature): string => `${s.name}: ${s.dtype}[${s.shape.join(', ')}]`;

/** How to give what an import asked for. */
function pinHelp(request: PinRequest): never {
  const flags = [
    ...request.symbols.map((s) => `--size '${s.name}=…'`),
    ...request.inputs.map((name) => `--value '${name}=…'`),
  ];
  raise('HAIO_E_ARGUMENT', {
    name: 'model',
    expected: `the numbers that its graph depends on (${flags.join(' ')})`,
    got: 'none',
  });
}

function inspect(path: string, options: Options, print: Print): void {
  const { bytes, externalData } = openModel(path);
  const { inputs, outputs } = signatureOf(bytes);
  let imported: Imported;
  try {
    imported = importModel(bytes, {
      sizes: options.size ?? {},
      values: tensorsFor(inputs, options.value ?? {}),
      externalData,
    });
  } catch (e) {
    return e instanceof PinRequest ? pinHelp(e) : raiseAgain(e);
  }
  const before = imported.graph;
  const after = optimize(before, {
    off: options.off ?? [],
    ...(options.stopAfter === undefined ? {} : { stopAfter: options.stopAfter }),
  });
  const opsets = [...imported.opsets].map(([domain, v]) => `${domain || 'ai.onnx'} ${v}`);
  const weights = weightsOf(after);
  const counts = {
    model: imported.onnxNodes,
    imported: topological(before.outputs).length,
    optimized: topological(after.outputs).length,
  };
  if (options.json) {
    const { metadata } = imported;
    print(
      JSON.stringify({
        path,
        bytes: bytes.length,
        metadata,
        opsets,
        inputs,
        outputs,
        nodes: counts,
        weights,
      }),
    );
    return;
  }
  row(print, 'file', [`${path} (${megabytes(bytes.length)})`]);
  row(print, 'opsets', [opsets.join(', ')]);
  row(
    print,
    'metadata',
    Object.entries(imported.metadata).map(([k, v]) => `${k}: ${v}`),
  );
  row(print, 'inputs', inputs.map(formatSignature));
  row(print, 'outputs', outputs.map(formatSignature));
  row(print, 'nodes', [
    `${counts.model} in the model, ${counts.imported} imported, ${counts.optimized} optimized`,
  ]);
  row(print, 'weights', [
    `${weights.elements} elements in ${weights.tensors} tensors, ${megabytes(weights.bytes)}`,
  ]);
  row(print, 'imported', [histogram(before)]);
  row(print, 'optimized', [histogram(after)]);
  const text = (g: Graph): string => printGraph(g, { origins: options.origins ?? false }).trimEnd();
  if (options.graph && options.graph !== 'after') print(`\n${text(before)}`);
  if (options.graph && options.graph !== 'before') print(`\n${text(after)}`);
}

function raiseAgain(e: unknown): never {
  throw e;
}

export const inspectCommand = (print: Print): Command =>
  new Command('inspect')
    .summary('show inputs, outputs, operators and graph of a model')
    .description('Shows what a model is made of, before and after the passes.')
    .argument('<model>', 'an .onnx file')
    .option('-s, --size <name=n>', 'fix a symbolic size', sizes)
    .option('-v, --value <name=numbers>', 'fix the contents of a small input', contents)
    .option('--off <pass...>', 'passes or rules not to run')
    .option('--stop-after <pass>', 'the last pass to run')
    .addOption(
      new Option('-g, --graph <when>', 'print the graph').choices(['before', 'after', 'both']),
    )
    .option('--origins', 'with the ONNX nodes that each node stands for')
    .option('--json', 'for programs')
    .action((path: string, options: Options) => inspect(path, options, print));

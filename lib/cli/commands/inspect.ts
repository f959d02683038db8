import { Command, Option } from 'commander';
import { type Graph, countNodes, topological } from '../../ir/graph.js';
import { histogram, printGraph } from '../../ir/print.js';
import type { Signature } from '../../onnx/import.js';
import { bytesOf } from '../../tensor/dtype.js';
import { sizeOf } from '../../tensor/tensor.js';
import type { Weight } from '../../tensor/weight.js';
import { contents, sizes } from '../assign.js';
import { importFile, optimizeReported } from '../model.js';
import { offOption, passNames } from '../options.js';
import { type Io, megabytes, row } from '../output.js';

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

const formatSignature = (s: Signature): string =>
  `${s.name}: ${s.dtype}${s.unranked ? ' of any rank' : `[${s.shape.join(', ')}]`}`;

function inspect(path: string, options: Options, { print }: Io): void {
  const imported = importFile(path, options);
  const { inputs, outputs, bytes } = imported;
  const before = imported.graph;
  const after = optimizeReported(before, options).graph;
  const opsets = [...imported.opsets].map(([domain, v]) => `${domain || 'ai.onnx'} ${v}`);
  const weights = weightsOf(after);
  const counts = {
    model: imported.onnxNodes,
    imported: countNodes(before),
    optimized: countNodes(after),
  };
  if (options.json) {
    const { metadata } = imported;
    print(
      JSON.stringify({
        path,
        bytes,
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
  row(print, 'file', [`${path} (${megabytes(bytes)})`]);
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

export const inspectCommand = (io: Io): Command =>
  new Command('inspect')
    .summary('show inputs, outputs, operators and graph of a model')
    .description('Shows what a model is made of, before and after the passes.')
    .argument('<model>', 'an .onnx file')
    .option('-s, --size <name=n>', 'fix a symbolic size', sizes)
    .option('-v, --value <name=numbers>', 'fix the contents of a small input', contents)
    .addOption(offOption())
    .option('--stop-after <pass>', 'the last pass to run')
    .addOption(
      new Option('-g, --graph <when>', 'print the graph').choices(['before', 'after', 'both']),
    )
    .option('--origins', 'with the ONNX nodes that each node stands for')
    .option('--json', 'for programs')
    .action((path: string, options: Options) => inspect(path, options, io))
    .addHelpText('after', `${passNames()}\n\nExample:\n  haio inspect model.onnx --graph after`);

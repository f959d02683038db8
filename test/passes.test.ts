/** The pipeline on whole models: it changes no result, breaks no invariant, and what must vanish vanishes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { evalValues } from '../lib/ir/eval.js';
import { type Graph, type Node, type Value, isTensorType, topological } from '../lib/ir/graph.js';
import { isOp } from '../lib/ir/op.js';
import { type ImportOptions, importModel, signatureOf } from '../lib/onnx/import.js';
import { SizeVector } from '../lib/ops/size-vector.js';
import { isConstant } from '../lib/passes/fold-constants.js';
import { optimize } from '../lib/passes/index.js';
import { type DimSymbol, evaluate, isSym, symbolsOf } from '../lib/tensor/dim.js';
import { type Tensor, fromNumbers } from '../lib/tensor/tensor.js';
import { GALLERY } from './models/gallery.js';
import { minilmModel } from './models/minilm.js';
import { casesOf, differs, exceptionOf, readTensors } from './onnx-data.js';
import { importFor } from './reference.js';

/** Sizes that the inputs of a run give to symbols. */
function bound(graph: Graph, inputs: readonly Tensor[]): Map<DimSymbol, number> {
  const sizes = new Map<DimSymbol, number>();
  graph.inputs.forEach((v, i) => {
    if (!isTensorType(v.fact.type)) return;
    v.fact.type.shape.forEach((d, axis) => {
      const [symbol, ...more] = isSym(d) ? symbolsOf(d) : [];
      if (symbol && more.length === 0) sizes.set(symbol, inputs[i]!.shape[axis]!);
    });
  });
  return sizes;
}

/** Runs a graph whose SizeVectors need the sizes of this run. */
function evaluated(graph: Graph, inputs: readonly Tensor[]): Tensor[] {
  const known = new Map<Value, Tensor>(graph.inputs.map((v, i) => [v, inputs[i]!]));
  const sizes = bound(graph, inputs);
  for (const node of topological(graph.outputs)) {
    if (!isOp(node, SizeVector)) continue;
    const { dtype, shape, dims } = node.attrs;
    const values = dims.map((d) => evaluate(d, (s) => sizes.get(s) ?? assert.fail(s.name)));
    known.set(node.outputs[0]!, fromNumbers(dtype, shape, values));
  }
  return evalValues(graph.outputs, known);
}

/** Compares the results of the graph before and after all passes. */
function assertSame(graph: Graph, inputs: readonly Tensor[]): void {
  const before = evaluated(graph, inputs);
  const after = evaluated(optimize(graph, { verify: true }), inputs);
  const tolerance = { relative: 1e-4, absolute: 1e-5 };
  before.forEach((t, i) => {
    assert.equal(differs(after[i], t, tolerance), null, graph.outputNames[i]);
  });
}

describe('passes on the gallery', () => {
  for (const [name, make] of Object.entries(GALLERY))
    it(name, () => {
      const { bytes, inputs } = make();
      const { graph } = importFor(bytes, inputs);
      assertSame(
        graph,
        graph.inputs.map((v) => inputs[v.name]!),
      );
    });
});

for (const group of ['node', 'simple', 'pytorch-operator', 'pytorch-converted'])
  describe(`passes on ONNX's test data: ${group}`, () => {
    for (const name of casesOf(group)) {
      if (exceptionOf(name)) continue;
      const data = readTensors(group, name);
      if (!data) continue;
      it(name, () => {
        const declared = signatureOf(data.bytes).inputs;
        for (const set of data.sets) {
          const named = Object.fromEntries(declared.map((s, i) => [s.name, set.inputs[i]!]));
          const { graph } = importFor(data.bytes, named);
          assertSame(
            graph,
            graph.inputs.map((v) => named[v.name]!),
          );
        }
      });
    }
  });

const modules = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'node_modules');
const ocr = (name: string): string =>
  join(modules, '@gutenye', 'ocr-models', 'assets', `${name}.onnx`);

/** How often each op is left, constants not counted. */
function counts(bytes: Uint8Array, options: ImportOptions = {}): Record<string, number> {
  const graph = optimize(importModel(bytes, options).graph, { verify: true });
  const nodes = topological(graph.outputs).filter((n: Node) => !n.outputs.every(isConstant));
  const result: Record<string, number> = {};
  for (const n of nodes) result[n.op.name] = (result[n.op.name] ?? 0) + 1;
  return result;
}

describe('passes on published models', function () {
  this.timeout(60_000);

  it('MobileNetV3 of PP-OCR: convolutions and gates', () => {
    assert.deepEqual(counts(readFileSync(ocr('ch_ppocr_mobile_v2.0_cls_infer'))), {
      Transpose: 1,
      Pad: 1,
      Conv: 53,
      ReduceMean: 10,
      Mul: 9,
      MaxPool: 1,
      Reshape: 1,
      MatMul: 1,
      Softmax: 1,
      SizeVector: 1,
    });
  });

  it('the detector of PP-OCR: no Transpose between input and output', () => {
    const { Transpose, Conv, ConvTranspose, Add, Relu, Clip } = counts(
      readFileSync(ocr('ch_PP-OCRv4_det_infer')),
    );
    assert.deepEqual([Transpose, Conv, ConvTranspose], [1, 62, 2]);
    // three sums of maps whose sizes are equal only for multiples of 32
    assert.deepEqual([Add, Relu, Clip], [3, undefined, undefined]);
  });

  it('the recogniser of PP-OCR: convolutions, then tokens', () => {
    const { Conv, LayerNorm, Add, Relu, Clip, Sub, Sqrt } = counts(
      readFileSync(ocr('ch_PP-OCRv4_rec_infer')),
    );
    assert.deepEqual([Conv, LayerNorm], [38, 5]);
    const gone = [Add, Relu, Clip, Sub, Sqrt];
    assert.deepEqual(
      gone,
      gone.map(() => undefined),
    );
  });

  it('MiniLM: nothing left between products, norms and attention', () => {
    const left = counts(minilmModel());
    assert.deepEqual([left['LayerNorm'], left['Attention'], left['MatMul']], [13, 6, 24]);
    for (const op of [
      'Erf',
      'Div',
      'Sqrt',
      'Sub',
      'Shape',
      'ReduceMean',
      'Unsqueeze',
      'Add',
      'Softmax',
    ])
      assert.equal(left[op], undefined, op);
  });
});

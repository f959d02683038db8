import assert from 'node:assert/strict';
import type { LayerReport, RunProfile, StepProfile } from '../index.js';
import { htmlReport } from './html.js';
import { quantizePage, timedLayers } from './quantized.js';
import { memoryMap, roofline, timeline } from './pictures.js';
import { colours, decades, escape, ticks } from './svg.js';

const step = (kernel: string, node: string): StepProfile => ({
  ...{ kernel, node, inputs: ['f32[4]'], outputs: ['f32[4]'], inPlace: false, items: 1 },
  ...{ flops: 1000, bytes: 500, micros: 2, share: 0.5, count: 1, threads: 1 },
  ...{ gflops: 0.5, gbps: 0.25, roofline: 0.1, bound: 'memory', predicted: null, cost: null },
});
const profile: RunProfile = {
  ...{ isa: 'avx2', threads: 2, runs: 3, micros: 4, overhead: 0, predicted: 4 },
  steps: [step('gemm.f32', '<script>alert(1)</script>'), step('chain.f32', 'b & c')],
  timeline: [
    { name: 'gemm.f32', node: 'a', thread: 0, start: 0, micros: 2 },
    { name: 'gemm.f32', node: 'a', thread: 1, start: 1, micros: 1 },
    { name: 'chain.f32', node: 'b', thread: 0, start: 2, micros: 2 },
  ],
  memory: [
    {
      ...{ arena: 4096, lowerBound: 4096 },
      buffers: [
        { offset: 0, bytes: 2048, first: 0, last: 1 },
        { offset: 2048, bytes: 2048, first: 1, last: 1 },
      ],
    },
  ],
  ceilings: { gflops: 100, bandwidth: [{ bytes: 1 << 20, one: 50, all: 100 }] },
};
const count = (text: string, pattern: RegExp): number => (text.match(pattern) ?? []).length;

describe('reports', () => {
  it('draw every step, chunk and buffer', () => {
    const paint = colours(['gemm.f32', 'chain.f32']);
    assert.equal(count(roofline(profile, paint), /<circle /g), 2);
    assert.equal(count(timeline(profile, paint), /<rect /g), 3);
    assert.match(timeline(profile, paint), /worker 1/);
    assert.equal(count(memoryMap(profile.memory[0]!), /<rect /g), 2);
    assert.notEqual(paint('gemm.f32'), paint('chain.f32'));
  });

  it('take nothing from a model as markup, and need nothing else', () => {
    const html = htmlReport({ title: '"><b>', facts: [['model', '<i>']], profile, graph: null });
    assert.equal(count(html, /<script|<b>|<i>|src=|href=/g), 0);
    assert.match(html, /&#60;script&#62;/);
    assert.equal(escape(`<>&"'`), '&#60;&#62;&#38;&#34;&#39;');
  });

  it('show runs that compute nothing', () => {
    const empty = { ...profile, steps: [], timeline: [], memory: [] };
    assert.match(htmlReport({ title: 't', facts: [], profile: empty, graph: null }), /Steps/);
  });

  it('give layers the time of what quantizing put in their place', () => {
    const layer = (node: string, output: string): LayerReport => ({
      ...{ node, output, op: 'MatMul', quantized: true, why: '<why>' },
      ...{ weightSqnr: 30, inputSqnr: null },
    });
    const layers = [layer('a', 'y'), layer('b', 'y_1'), layer('c', 'z')];
    const of = (...nodes: string[]): RunProfile => ({
      ...profile,
      steps: nodes.map((n) => step('gemm.f32', n)),
    });
    const timed = timedLayers(layers, of('a', 'b + c', 'd'), of('y_quantized', 'y_1_cast + z'));
    assert.deepEqual(
      timed.map((l) => [l.before, l.after]),
      [
        [2, 2],
        [2, 2],
        [2, 0],
      ],
    );
    const html = quantizePage('<t>', [['model', '<i>']], timed, 'int8');
    assert.equal(count(html, /<script|<t>|<i>|<why>|src=|href=/g), 0);
    assert.equal(count(html, /class="bar"/g), 6);
  });

  it('have round numbers on their axes', () => {
    assert.deepEqual(ticks(10), [0, 2, 4, 6, 8, 10]);
    assert.deepEqual(ticks(0), [0]);
    assert.deepEqual(decades(0.3, 40), [0.1, 1, 10, 100]);
  });
});

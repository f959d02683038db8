/** What would make a step faster, in words for whoever designs the model. */
import { familyOf } from './predict.js';
import { type Machine, lanesOf } from './machine.js';
import { tilingOf } from './tiles.js';
import type { StepWork } from './work.js';

const PANEL = 16;
/** share of a product's work that may be lost without a word, and time (µs) below which nothing is said */
const WASTE = 1.2;
const WORTH = 5;
const percent = (x: number): string => `${Math.round(100 * x)} %`;

/** How well columns and rows of a product fill the tiles of `machine`. */
function ofTiles(work: StepWork, machine: Machine): string[] {
  const shape = work.outputs[0]?.shape ?? [];
  const [m, n] = [shape.at(-2) ?? 1, shape.at(-1) ?? 1];
  const notes: string[] = [];
  const filled = n / (Math.ceil(n / PANEL) * PANEL);
  if (filled < 1 / WASTE)
    notes.push(
      `${n} output channels fill ${percent(filled)} of panels of ${PANEL}: a multiple of ${PANEL} costs no more`,
    );
  const rows = (work.params['copy'] ?? 0) > 0 ? m * (work.params['rowBlock'] ?? 1) : m;
  const type = work.kernel.endsWith('.i8') ? 'i8' : work.kernel.endsWith('.bf16') ? 'bf16' : 'f32';
  const { waste } = tilingOf(
    machine.tiles[type],
    rows,
    Math.ceil(n / PANEL) * PANEL,
    lanesOf(machine),
  );
  const best = tilingOf(machine.tiles[type], 1024, 1024, lanesOf(machine)).waste;
  if (waste / best > WASTE)
    notes.push(
      rows === 1
        ? 'one row reads all weights for a single use: a batch would share them'
        : `${rows} rows fill the tiles of ${type} to ${percent(best / waste)}`,
    );
  return notes;
}

/** Notes on one step that takes so many microseconds; none where there is little to gain. */
export function adviceOf(work: StepWork, machine: Machine, micros: number): string[] {
  if (micros < WORTH) return [];
  const { name } = familyOf(work.kernel);
  if (name.startsWith('gemm')) return ofTiles(work, machine);
  const channels = work.outputs[0]?.shape.at(-1) ?? 1;
  const lanes = lanesOf(machine);
  if ((name === 'dwconv' || name === 'pool') && channels % lanes !== 0) {
    const filled = channels / (Math.ceil(channels / lanes) * lanes);
    return filled < 1 / WASTE
      ? [`${channels} channels fill ${percent(filled)} of vectors of ${lanes}`]
      : [];
  }
  if (name === 'chain') return ['an element-wise step of its own: no neighbour could take it in'];
  if (name === 'copy')
    return ['moves data only: another layout, or a neighbour that takes views, would save it'];
  return [];
}

/** What the pages have in common: one file that needs nothing else, no script, no network. */
import { escape, tag } from './svg.js';

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 1040px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
.grid { stroke: currentColor; stroke-opacity: .15; } .roof { stroke: #c33; stroke-width: 1.5; }
.spread { stroke: currentColor; stroke-opacity: .6; } summary { cursor: pointer; margin: .3rem 0; }
.buffer { stroke: Canvas; stroke-width: .5; fill-opacity: .8; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { text-align: left; padding: .15rem .5rem; border-bottom: 1px solid color-mix(in srgb, currentColor 15%, transparent); }
td.n, th.n, td:has(.bar) { white-space: nowrap; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: inline-block; height: .7em; border-radius: 2px; vertical-align: baseline; }
.columns { display: grid; grid-template-columns: 1fr 1fr; gap: 2rem; }
`;

export const cell = (s: string, numeric = false): string =>
  tag('td', numeric ? { class: 'n' } : {}, escape(s));
export const head = (names: readonly string[], numeric: ReadonlySet<number>): string =>
  tag('tr', {}, ...names.map((n, i) => tag('th', numeric.has(i) ? { class: 'n' } : {}, escape(n))));
export const section = (title: string, note: string, ...content: readonly string[]): string =>
  tag('section', {}, tag('h2', {}, escape(title)), tag('p', {}, escape(note)), ...content);

/** The text of an HTML file: title, a table of what and how much, then `body`, which is markup. */
export function page(
  title: string,
  facts: readonly (readonly [string, string])[],
  body: readonly string[],
): string {
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    tag('title', {}, escape(title)),
    `<style>${STYLE}</style></head>`,
    tag(
      'body',
      {},
      tag('h1', {}, escape(title)),
      tag('table', {}, ...facts.map(([name, value]) => tag('tr', {}, cell(name), cell(value)))),
      ...body,
    ),
    '</html>\n',
  ].join('\n');
}

/** Pictures as SVG text. All text from models is escaped. */

export const escape = (s: string): string => s.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** An element with attributes and content that is already markup. */
export function tag(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...content: readonly string[]
): string {
  const list = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escape(typeof value === 'number' ? round(value) : value)}"`,
  );
  return `<${name}${list.join('')}>${content.join('')}</${name}>`;
}
const round = (x: number): string => `${Math.round(x * 100) / 100}`;

/** Colours that neighbours in a list tell apart: hues a golden angle from each other. */
export const colour = (index: number): string =>
  `hsl(${((index * 137.508) % 360).toFixed(0)} 55% ${55 - 12 * (Math.floor(index / 3) % 2)}%)`;

/** A colour for each name, in the order of their first appearance. */
export function colours(names: Iterable<string>): (name: string) => string {
  const index = new Map<string, number>();
  for (const name of names) if (!index.has(name)) index.set(name, index.size);
  return (name) => colour(index.get(name) ?? index.size);
}

export interface Box {
  readonly width: number;
  readonly height: number;
  /** room for labels: left, bottom */
  readonly left: number;
  readonly bottom: number;
}

export const picture = ({ width, height }: Box, label: string, ...content: string[]): string =>
  tag('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label }, ...content);

/** Round values between two bounds for a linear axis. */
export function ticks(most: number, count = 6): number[] {
  if (!(most > 0)) return [0];
  const raw = most / count;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((f) => f * unit).find((s) => s >= raw)!;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}

/** Powers of ten from `low` to `high`. */
export const decades = (low: number, high: number): number[] => {
  const first = Math.floor(Math.log10(low));
  const count = Math.max(1, Math.ceil(Math.log10(high)) - first);
  return Array.from({ length: count + 1 }, (_, i) => 10 ** (first + i));
};

/** Which ISA runs use. */
import { raise } from '../errors.js';
import { inspection } from '../native/binding.js';

/** The names of the ISAs this machine can run, the best first. */
export const usableIsas = (): string[] =>
  inspection()
    .isas.filter((i) => i.usable)
    .sort((a, b) => b.priority - a.priority)
    .map((i) => i.name);

/** The ISA asked for, else HAIO_ISA, else the best usable one. */
export function chooseIsa(wanted: string | undefined): string {
  const usable = usableIsas();
  const isa = wanted ?? process.env['HAIO_ISA'] ?? '';
  if (isa === '') return usable[0]!;
  if (!usable.includes(isa)) raise('HAIO_E_ISA', { isa, usable: usable.join(', ') });
  return isa;
}

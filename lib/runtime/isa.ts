/** Which ISA runs use. */
import { raise } from '../errors.js';
import { loadAddon } from '../native/binding.js';

/** The ISA asked for, else HAIO_ISA, else the best usable one. */
export function chooseIsa(wanted: string | undefined): string {
  const usable = loadAddon()
    .inspect()
    .isas.filter((i) => i.usable)
    .sort((a, b) => b.priority - a.priority);
  const isa = wanted ?? process.env['HAIO_ISA'] ?? '';
  if (isa === '') return usable[0]!.name;
  if (!usable.some((i) => i.name === isa))
    raise('HAIO_E_ISA', { isa, usable: usable.map((i) => i.name).join(', ') });
  return isa;
}

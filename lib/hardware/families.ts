/**
 * Profiles of CPU families that were described, not measured: one server socket's, laptop's or board's usual
 * form. Units, widths, cores, cache sizes and memory channels are properties of the products, which `sources`
 * document; clocks in vector code and bandwidths are estimates. Ceilings follow from clock, units and width; how
 * much of them products reach is what haio's kernels reach on machines that were measured.
 */
import { type HardwareProfile, hashOf } from './profile.js';

/** One family. Clock with all cores busy in vector code, GHz; caches in KiB for each core (L3: for all). */
interface Description {
  readonly name: string;
  readonly arch: 'x64' | 'arm64';
  /** the ISA that its kernels are for, and that of its vectors */
  readonly isa: string;
  readonly width: 'avx512' | 'avx2' | 'portable' | 'neon';
  readonly ghz: number;
  /** fused multiply-adds of whole vectors that begin in a cycle; separate ones count half */
  readonly units: number;
  readonly cores: number;
  readonly caches: readonly [l1: number, l2: number, l3: number];
  /** bytes a cycle of one core from its L1 and its L2 */
  readonly near: readonly [l1: number, l2: number];
  /** GB/s from memory of one core, and of all */
  readonly memory: readonly [one: number, all: number];
  /** where the product is documented */
  readonly sources: readonly string[];
}

const INTEL = 'Intel 64 and IA-32 Architectures Optimization Reference Manual (caches, ports)';
const FOG = 'Agner Fog, The microarchitecture of Intel, AMD and VIA CPUs (units, bytes a cycle)';
const AMD = (family: string): string =>
  `AMD, Software Optimization Guide for ${family} (units, caches)`;

export const DESCRIPTIONS: Readonly<Record<string, Description>> = {
  'x86-64-v2': {
    name: 'x86-64-v2 (Westmere)',
    ...{ arch: 'x64', isa: 'portable', width: 'portable', ghz: 2.6, units: 0.5, cores: 6 },
    ...{ caches: [32, 256, 12288], near: [16, 12], memory: [9, 22] },
    sources: [INTEL, FOG, 'Intel ARK: Xeon X5650 (cores, clock, three channels of DDR3-1333)'],
  },
  haswell: {
    name: 'Haswell (Xeon E5-2680 v3)',
    ...{ arch: 'x64', isa: 'avx2', width: 'avx2', ghz: 2.5, units: 2, cores: 12 },
    ...{ caches: [32, 256, 30720], near: [64, 25], memory: [11, 55] },
    sources: [INTEL, FOG, 'Intel ARK: Xeon E5-2680 v3 (cores, clock, four channels of DDR4-2133)'],
  },
  'skylake-x': {
    name: 'Skylake-X (Xeon Platinum 8168)',
    ...{ arch: 'x64', isa: 'avx512', width: 'avx512', ghz: 2.5, units: 2, cores: 24 },
    ...{ caches: [32, 1024, 33792], near: [128, 42], memory: [12, 95] },
    sources: [INTEL, FOG, 'Intel ARK: Xeon Platinum 8168 (cores, six channels of DDR4-2666)'],
  },
  'ice-lake': {
    name: 'Ice Lake (Xeon Platinum 8380)',
    ...{ arch: 'x64', isa: 'avx512vnni', width: 'avx512', ghz: 2.6, units: 2, cores: 40 },
    ...{ caches: [48, 1280, 61440], near: [128, 45], memory: [12, 160] },
    sources: [INTEL, FOG, 'Intel ARK: Xeon Platinum 8380 (cores, eight channels of DDR4-3200)'],
  },
  'sapphire-rapids': {
    name: 'Sapphire Rapids (Xeon Platinum 8480+)',
    ...{ arch: 'x64', isa: 'amx', width: 'avx512', ghz: 3.0, units: 2, cores: 56 },
    ...{ caches: [48, 2048, 107520], near: [128, 45], memory: [13, 240] },
    sources: [INTEL, 'Intel ARK: Xeon Platinum 8480+ (cores, eight channels of DDR5-4800)'],
  },
  zen2: {
    name: 'Zen 2 (EPYC 7702)',
    ...{ arch: 'x64', isa: 'avx2', width: 'avx2', ghz: 2.9, units: 2, cores: 64 },
    ...{ caches: [32, 512, 262144], near: [64, 28], memory: [20, 150] },
    sources: [AMD('Family 17h Models 30h and greater'), FOG, 'AMD: EPYC 7702 (DDR4-3200)'],
  },
  zen3: {
    name: 'Zen 3 (EPYC 7763)',
    ...{ arch: 'x64', isa: 'avx2', width: 'avx2', ghz: 3.1, units: 2, cores: 64 },
    ...{ caches: [32, 512, 262144], near: [64, 30], memory: [22, 160] },
    sources: [AMD('Family 19h Models 00h'), FOG, 'AMD: EPYC 7763 (DDR4-3200)'],
  },
  zen4: {
    name: 'Zen 4 (EPYC 9654)',
    ...{ arch: 'x64', isa: 'avx512vnni', width: 'avx512', ghz: 3.4, units: 1, cores: 96 },
    ...{ caches: [32, 1024, 393216], near: [64, 30], memory: [28, 360] },
    sources: [AMD('the AMD Zen4 Microarchitecture'), FOG, 'AMD: EPYC 9654 (DDR5-4800)'],
  },
  graviton2: {
    name: 'Graviton 2 (Neoverse N1)',
    ...{ arch: 'arm64', isa: 'neondot', width: 'neon', ghz: 2.5, units: 2, cores: 64 },
    ...{ caches: [64, 1024, 32768], near: [32, 20], memory: [20, 170] },
    sources: [
      'Arm Neoverse N1 Software Optimization Guide',
      'AWS Graviton Getting Started (cores, clock)',
    ],
  },
  graviton3: {
    name: 'Graviton 3 (Neoverse V1)',
    ...{ arch: 'arm64', isa: 'neondot', width: 'neon', ghz: 2.6, units: 4, cores: 64 },
    ...{ caches: [64, 1024, 32768], near: [48, 24], memory: [26, 260] },
    sources: [
      'Arm Neoverse V1 Software Optimization Guide',
      'AWS Graviton Getting Started (cores, clock)',
    ],
  },
  'apple-m1': {
    name: 'Apple M1 (performance cores)',
    ...{ arch: 'arm64', isa: 'neondot', width: 'neon', ghz: 3.2, units: 4, cores: 4 },
    ...{ caches: [128, 3072, 8192], near: [48, 32], memory: [58, 60] },
    sources: [
      'Dougall Johnson, Apple M1 Firestorm microarchitecture (units)',
      'AnandTech: The 2020 Mac Mini Unleashed (bandwidths)',
    ],
  },
  'raspberry-pi-5': {
    name: 'Raspberry Pi 5 (Cortex-A76)',
    ...{ arch: 'arm64', isa: 'neondot', width: 'neon', ghz: 2.4, units: 2, cores: 4 },
    ...{ caches: [64, 512, 2048], near: [32, 16], memory: [7, 12] },
    sources: [
      'Arm Cortex-A76 Software Optimization Guide',
      'Raspberry Pi documentation: BCM2712 (clock, caches, LPDDR4X-4267)',
    ],
  },
};

const LANES = { avx512: 16, avx2: 8, portable: 4, neon: 4 } as const;

/** Micro-kernels of each ISA (native/isa/<name>/gemm.cpp), with those that it takes from its base. */
export const ROWS: Readonly<Record<string, readonly string[]>> = {
  portable: ['f32_2x16', 'f32_1x32', 'bf16_2x16', 'u8s8_2x16', 's8s8_2x16'],
  avx2: ['f32_6x16', 'f32_2x32', 'f32_1x64', 'bf16_5x16', 'u8s8_6x16', 's8s8_6x16'],
  avx512: [
    ...['f32_14x32', 'f32_8x48', 'f32_14x16', 'f32_4x64', 'bf16_12x32', 'bf16_12x16'],
    ...['u8s8_12x32', 's8s8_12x32', 'u8s8_12x16', 's8s8_12x16'],
  ],
  avx512vnni: [
    ...['u8s8_8x48', 's8s8_8x48', 'u8s8_14x32', 's8s8_14x32', 'u8s8_14x16', 's8s8_14x16'],
    ...['u8s8_4x64', 's8s8_4x64', 'f32_14x32', 'f32_8x48', 'f32_14x16', 'f32_4x64'],
    ...['bf16_12x32', 'bf16_12x16'],
  ],
  amx: [
    ...['bf16_32x32', 'bf16_32x16', 'bf16_16x64', 'u8s8_32x32', 'u8s8_32x16', 'u8s8_16x64'],
    ...['s8s8_32x32', 's8s8_32x16', 's8s8_16x64'],
    ...['f32_14x32', 'f32_8x48', 'f32_14x16', 'f32_4x64'],
  ],
  neon: ['f32_6x16', 'f32_3x32', 'f32_1x64', 'bf16_5x16', 'u8s8_6x16', 's8s8_6x16'],
  neondot: ['u8s8_6x16', 's8s8_6x16', 'f32_6x16', 'f32_3x32', 'f32_1x64', 'bf16_5x16'],
};

/** What products reach: float32 of the fused multiply-adds in registers, the others of float32. */
const F32 = 0.86;
const NARROW: Readonly<Record<string, readonly [bf16: number, i8: number]>> = {
  portable: [0.78, 0.3],
  avx2: [0.67, 0.85],
  avx512: [0.6, 0.74],
  avx512vnni: [0.6, 3.4],
  amx: [4.2, 7],
  neon: [0.65, 0.8],
  neondot: [0.65, 3.2],
};

function profileOf(d: Description): HardwareProfile {
  const [l1, l2, l3] = d.caches.map((kib) => kib * 1024) as [number, number, number];
  const fma = d.ghz * d.units * LANES[d.width] * 2;
  const f32 = fma * F32;
  const [bf16, i8] = NARROW[d.isa]!;
  const cpu = { arch: d.arch, vendor: '', model: d.name, features: [] };
  const cores = { online: d.cores, usable: d.cores };
  const caches = [
    { level: 1, bytes: l1, sharedBy: 1 },
    { level: 2, bytes: l2, sharedBy: 1 },
    { level: 3, bytes: l3, sharedBy: d.cores },
  ];
  const at = (bytes: number, one: number, all: number): HardwareProfile['bandwidth'][number] => ({
    ...{ bytes, one, all },
  });
  const [first, second] = d.near.map((bytes) => bytes * d.ghz) as [number, number];
  return {
    ...{ schema: 2, name: d.name, cpu, cores, caches, scale: {} },
    isas: { [d.width]: { fma, gemm: f32 } },
    products: {
      [d.isa]: { width: d.width, rows: ROWS[d.isa]!, f32, bf16: f32 * bf16, i8: f32 * i8 },
    },
    bandwidth: [
      at(l1 / 2, first, first * d.cores),
      at(l2 / 2, second, second * d.cores),
      at(Math.max(64 << 20, 2 * l3), d.memory[0], d.memory[1]),
    ],
    overhead: { step: 160 / d.ghz, fork: 2500 / d.ghz },
    hash: hashOf({ cpu, cores, caches }),
    sources: d.sources,
  };
}

/** Profiles by the names that --target takes. */
export const HARDWARE_FAMILIES: Readonly<Record<string, HardwareProfile>> = Object.fromEntries(
  Object.entries(DESCRIPTIONS).map(([name, d]) => [name, profileOf(d)]),
);

/**
 * Median relative error of predictions from a description, of the families where it was compared with runs:
 * 16 models on one thread.
 */
export const KNOWN_ERRORS: Readonly<Record<string, number>> = { 'sapphire-rapids': 0.1 };

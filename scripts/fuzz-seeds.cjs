// Collects plans for native/test/plan_fuzz.cpp: run tests with HAIO_ADDON=scripts/fuzz-seeds.cjs, the
// real addon in HAIO_FUZZ_ADDON, and the folder to write to in HAIO_FUZZ_SEEDS.
'use strict';
const { createHash } = require('node:crypto');
const { mkdirSync, writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');

const addon = require(resolve(process.env.HAIO_FUZZ_ADDON));
const folder = process.env.HAIO_FUZZ_SEEDS;
mkdirSync(folder, { recursive: true });

const u32 = (n) => Buffer.from(Uint32Array.of(n).buffer);

function keep(words, kernels, weightBytes) {
  const texts = kernels.flatMap((k) => [u32(Buffer.byteLength(k)), Buffer.from(k)]);
  const plan = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  const seed = Buffer.concat([u32(kernels.length), ...texts, u32(weightBytes), plan]);
  const name = createHash('sha1').update(seed).digest('hex');
  if (seed.length < 1 << 20) writeFileSync(join(folder, name), seed);
}

module.exports = {
  ...addon,
  sessionCreate(model, options) {
    const session = addon.sessionCreate(model, options);
    const bind = session.bind.bind(session);
    return Object.defineProperty(session, 'bind', {
      value(words, kernels) {
        keep(words, kernels, addon.modelBytes(model));
        return bind(words, kernels);
      },
    });
  },
  execute(words, kernels, inputs, outputs, options) {
    keep(words, kernels, options.model ? addon.modelBytes(options.model) : 0);
    return addon.execute(words, kernels, inputs, outputs, options);
  },
};

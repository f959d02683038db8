// Compares com.microsoft operators with onnxruntime-node (in bench/rival), or with what the cases compute
// themselves by the operators' documentation, on models drawn by fast-check:
// node scripts/differ-nodes.mjs [runs of each] [pattern of names]. Fails when one differs.
import { createRequire } from 'node:module';
import fc from 'fast-check';

const [runs = '100', pattern = '.'] = process.argv.slice(2);
const from = (path) => import(new URL(`../dist/${path}`, import.meta.url).href);
const { DRAWS } = await from('test/contrib/index.js');
const { diceOf, modelOfCase } = await from('test/contrib/case.js');
const { runNative } = await from('test/contrib/run.js');
const { differs } = await from('test/onnx-data.js');
const { loadAddon } = await from('lib/native/binding.js');
const require = createRequire(new URL('../bench/rival/package.json', import.meta.url));
const ort = require('onnxruntime-node');

const addon = loadAddon();
const isa = process.env.HAIO_ISA ?? addon.inspect().isas.find((i) => i.usable && i.width).name;

async function rival(bytes, inputs) {
  const session = await ort.InferenceSession.create(Buffer.from(bytes), { logSeverityLevel: 4 });
  const feeds = Object.entries(inputs).map(([k, t]) => [
    k,
    new ort.Tensor(t.dtype, t.data, t.shape),
  ]);
  const outputs = await session.run(Object.fromEntries(feeds));
  await session.release();
  const entries = Object.entries(outputs).map(([k, t]) => [
    k,
    { dtype: t.type, shape: t.dims, data: t.data },
  ]);
  return Object.fromEntries(entries);
}

let failures = 0;
for (const [name, draw] of Object.entries(DRAWS)) {
  if (!new RegExp(pattern).test(name)) continue;
  const hosts = new Set();
  const limit = Number(runs) / 2;
  let refused = 0;
  const check = async (seed, open) => {
    const c = draw(diceOf(seed));
    if (process.env.TRACE) console.error(name, seed, open);
    const { bytes, inputs } = modelOfCase(c, open);
    const own = c.expected?.flatMap((t, i) => (t ? [[`y${i}`, t]] : []));
    const expected = own
      ? Object.fromEntries(own)
      : await rival(bytes, inputs).catch(() => (refused++ < limit ? null : fc.pre(false)));
    if (!expected) return;
    const { outputs, hostNodes } = runNative(addon, isa, bytes, inputs);
    for (const h of hostNodes) hosts.add(h);
    const tolerance = c.tolerance ?? 1e-4;
    for (const [k, want] of Object.entries(expected)) {
      const got = outputs[k];
      const found = differs(got, want, { relative: tolerance, absolute: tolerance });
      if (found) throw new Error(`${k}: ${found}`);
    }
  };
  try {
    const property = fc.asyncProperty(fc.nat(1_000_000), fc.boolean(), check);
    await fc.assert(property, { numRuns: Number(runs), endOnFailure: true });
    const but = refused ? `, refused ${refused}` : '';
    console.log(
      `${name}: the same${but}${hosts.size ? `, on the host: ${[...hosts].slice(0, 3).join(', ')}` : ''}`,
    );
  } catch (e) {
    failures++;
    console.log(
      `${name}: ${String(e.cause ? `${e.message}\n${e.cause.stack ?? e.cause}` : e.message)}`,
    );
  }
}
process.exitCode = failures > 0 ? 1 : 0;

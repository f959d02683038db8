// Compiles a small model for this machine and saves it, to be run on others: node scripts/make-plan.mjs OUT
const from = (path) => import(new URL(`../dist/${path}`, import.meta.url).href);
const { compile } = await from('lib/index.js');
const { GALLERY } = await from('test/models/gallery.js');
const plan = await compile(GALLERY.cnn().bytes);
await plan.save(process.argv[2]);

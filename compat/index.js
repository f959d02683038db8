// The API of onnxruntime-node with haio behind it. haio is an ES module: it is imported with the first
// session, so that nothing here depends on how Node's require() treats ES modules.
'use strict';
const common = require('onnxruntime-common');
const { version } = require('./package.json');

/** above the 100 of other backends for Node */
const PRIORITY = 200;

const backend = {
  init: async () => {
    await import('haio/ort');
  },
  createInferenceSessionHandler: async (model, options) => {
    const haio = await import('haio/ort');
    return haio.backend.createInferenceSessionHandler(model, options);
  },
};
for (const name of ['haio', 'cpu']) common.registerBackend(name, backend, PRIORITY);
if (!common.env.versions.node) common.env.versions.node = version;

const listSupportedBackends = () => [
  { name: 'cpu', bundled: true },
  { name: 'haio', bundled: true },
];

// ES modules find the names of these exports by reading this line
module.exports = { listSupportedBackends, ...require('onnxruntime-common') };

/**
 * `node --import haio/register app.js`: puts haio behind onnxruntime-common before the application
 * loads it, in both of its copies (ES module and CommonJS have registries of their own).
 */
import { createRequire } from 'node:module';
import './index.js';
import { backend } from './backend.js';

const require = createRequire(import.meta.url);
const common = require('onnxruntime-common') as typeof import('onnxruntime-common');
common.registerBackend('haio', backend, 200);
common.registerBackend('cpu', backend, 200);

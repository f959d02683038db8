/**
 * The API of onnxruntime-node over haio: everything of onnxruntime-common, with haio behind it under
 * the names 'haio' and 'cpu'.
 */
import { env, registerBackend } from 'onnxruntime-common';
import { backend } from './backend.js';

/** above the 100 of other backends for Node */
const PRIORITY = 200;
registerBackend('haio', backend, PRIORITY);
registerBackend('cpu', backend, PRIORITY);
(env.versions as Record<string, string>)['node'] ??= process.versions.node;

export * from 'onnxruntime-common';

/** What onnxruntime-node answers: the execution providers that come with the package. */
export const listSupportedBackends = (): { name: string; bundled: boolean }[] => [
  { name: 'cpu', bundled: true },
  { name: 'haio', bundled: true },
];

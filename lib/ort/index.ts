/**
 * The API of onnxruntime-node over haio: everything of onnxruntime-common, with haio behind it under
 * the names 'haio' and 'cpu'.
 */
import * as common from 'onnxruntime-common';
import { backend, registerIn } from './copies.js';

registerIn(common);

export * from 'onnxruntime-common';
export { backend };

/** What onnxruntime-node answers: the execution providers that come with the package. */
export const listSupportedBackends = (): { name: string; bundled: boolean }[] => [
  { name: 'cpu', bundled: true },
  { name: 'haio', bundled: true },
];

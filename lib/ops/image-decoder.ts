/** ImageDecoder (ONNX): refused, with what to do: haio has no decoders of image files. */
import { raise } from '../errors.js';
import { importOnly } from './formula.js';

export const ImageDecoder = importOnly('ImageDecoder', [
  {
    type: 'ImageDecoder',
    since: 20,
    build: (n) =>
      raise('HAIO_E_UNSUPPORTED', {
        list:
          `ImageDecoder ('${n.name}'): decode images before the run, for instance by the package ` +
          "sharp, and make the node's output an input of the model",
      }),
  },
]);

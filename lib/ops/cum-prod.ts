/** CumProd (ONNX): products of the elements so far along an axis. */
import type { OpDef } from '../ir/op.js';
import { type CumSumAttrs, accumulation } from './cum-sum.js';

export const CumProd: OpDef<CumSumAttrs> = accumulation('CumProd', 'cum_prod', 26, 'product');

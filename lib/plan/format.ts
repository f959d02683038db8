/**
 * The bound plan: one Float64Array of words that TypeScript writes and the addon validates and
 * decodes (native/plan/format.h mirrors this table). Every field is one word: an integer of at most
 * 2^53, or a float parameter. Words need no alignment rules, and a patch is one store.
 *
 *   header    MAGIC VERSION words arenaBytes scratchBytes kernels inputs outputs buffers records
 *   inputs    (type bytes)*            bytes the run must bring, exactly
 *   outputs   (type bytes)*
 *   buffers   (offset bytes)*          arena buffers; offset a multiple of 64
 *   records   record*
 *
 *   record    STEP length kernel items grain scratchBytes origin inplace
 *                  nParams param*  nInputs operand*  nOutputs operand*  nStages stage*
 *             IF   length operand(condition: bool, one element) thenWords record* elseWords record*
 *             LOOP length trips operand(limit) operand(first) operand(next) operand(counter)
 *                  nWindows window*  tripWords record*  endWords record*
 *   window    kind index byteOffset bytes advance alternates
 *   operand   ABSENT | kind index byteOffset type rank dim*rank stride*rank
 *   stage     kernel nParams param* nArgs arg*
 *
 * A LOOP makes at most `trips` trips, and `limit` (int64, where present); none where `first` (bool) is
 * false; none after one that leaves `next` (bool) false. The number of the trip is written to `counter`
 * (int64) before it. Windows are numbered from the outermost loop inwards; operands lie in one at a byte
 * offset from its start, which moves by `advance` bytes after each trip, or to and fro where it
 * alternates. What alternates may be used after the last trip, too, by the records of the end.
 *
 * `length` counts all words of the record, its own header included. `inplace` is a bit mask of inputs
 * that output 0 may overlap, with the same range and strides. `kernel` indexes the list of
 * "name|signature" strings that goes with the words. Extra operands of gemm stages follow the kernel's
 * own inputs; the number of a kernel's own inputs is `maxInputs` of its row (absent ones are ABSENT).
 * `origin` indexes the plan's list of node names and comes back in RunResult.step.
 */
export const MAGIC = 0x4841494f;
export const VERSION = 1;

export const RECORD = { step: 0, if: 1, loop: 2 } as const;
export const OPERAND = { absent: 0, arena: 1, weight: 2, input: 3, output: 4, window: 5 } as const;
export const HEADER = [
  'magic',
  'version',
  'words',
  'arenaBytes',
  'scratchBytes',
  'kernels',
  'inputs',
  'outputs',
  'buffers',
  'records',
] as const;

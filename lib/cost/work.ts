/** What a step of bound words has to do: plain numbers, from which lib/cost/predict.ts makes its time. */

/** An operand's elements as a step sees them. */
export interface OperandWork {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** of its elements, repeated ones counted once */
  readonly bytes: number;
  /** elements of the innermost dimension follow each other */
  readonly dense: boolean;
  /** it lies in the model's weights */
  readonly weight: boolean;
}

export interface StepWork {
  readonly kernel: string;
  /** by the names of the kernel's signature */
  readonly params: Readonly<Record<string, number>>;
  /** kernels of its element-wise stages */
  readonly stages: readonly string[];
  /** null where an input is absent */
  readonly inputs: readonly (OperandWork | null)[];
  readonly outputs: readonly (OperandWork | null)[];
  /** floating-point operations of the operator, stages not counted */
  readonly flops: number;
  /** bytes moved (lib/cost/model.ts) */
  readonly bytes: number;
  /** entries of the parallel loop */
  readonly items: number;
}

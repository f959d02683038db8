/** What an importer knows of a value's elements, and what a run would have to tell it. */
import { HaioError } from '../errors.js';
import { constantTensor } from '../ir/build.js';
import { evalNode } from '../ir/eval.js';
import { type Node, type Value, VALUE_LIMIT, isTensorType } from '../ir/graph.js';
import { PinRequest, isImpure } from '../ir/op.js';
import { type Dim, type DimSymbol, isSym, symbolsOf } from '../tensor/dim.js';
import { isStatic } from '../tensor/shape.js';
import { type Tensor, sizeOf } from '../tensor/tensor.js';

/** Constants of more elements are not computed with while importing. */
const LEAF_LIMIT = 65536;
/** Inputs of more elements are data: their contents never steer the graph. */
const PIN_LIMIT = 64;

/** Remembers answers for one import. */
export class Knowledge {
  #tensors = new Map<Value, Tensor | null>();
  #outer = new Map<Value, Value>();
  #askable = new Set<Value>();
  readonly #unpinned: ReadonlySet<string>;

  /** `unpinned`: names of inputs and symbols that must stay open */
  constructor(unpinned: readonly string[] = []) {
    this.#unpinned = new Set(unpinned);
  }

  /** `v` is an input of the model: its contents may be asked for. */
  ask(v: Value): void {
    this.#askable.add(v);
  }

  /** `inner` is the input of a body that stands for `outer`. */
  link(inner: Value, outer: Value): void {
    this.#outer.set(inner, outer);
  }

  /** Elements of a small value that only constants decide, or null. */
  tensor(v: Value): Tensor | null {
    const seen = this.#tensors.get(v);
    if (seen !== undefined) return seen;
    const found = this.#find(v);
    this.#tensors.set(v, found);
    return found;
  }

  #find(v: Value): Tensor | null {
    if (v.weight) return sizeOf(v.weight.shape) <= LEAF_LIMIT ? constantTensor(v) : null;
    const { type } = v.fact;
    if (!isTensorType(type) || !isStatic(type.shape) || sizeOf(type.shape) > VALUE_LIMIT)
      return null;
    return (v.node && this.#run(v.node)?.[v.slot]) ?? constantTensor(v);
  }

  #run(node: Node): readonly Tensor[] | null {
    if (isImpure(node) || node.op.bodies) return null;
    const inputs: (Tensor | null)[] = [];
    for (const v of node.inputs) {
      const t = v && this.tensor(v);
      if (v && !t) return null;
      inputs.push(t);
    }
    try {
      return evalNode(node, inputs);
    } catch (e) {
      // an index out of range, a division by zero: that is for the run to report
      if (e instanceof HaioError) return null;
      throw e;
    }
  }

  /**
   * The sizes and the small inputs that alone decide `v`; null where data or chance has a part, or
   * where nothing is left to ask for.
   */
  pins(v: Value): PinRequest | null {
    const symbols = new Set<DimSymbol>();
    const inputs = new Set<string>();
    const visited = new Set<Value>();
    const stack = [v];
    for (let x = stack.pop(); x; x = stack.pop()) {
      if (visited.has(x) || x.weight) continue;
      visited.add(x);
      const outer = this.#outer.get(x);
      if (x.fact.value) for (const d of x.fact.value) symbolsOf(d, symbols);
      else if (outer) stack.push(outer);
      else if (!x.node) {
        if (!this.#ask(x, symbols, inputs)) return null;
      } else if (isImpure(x.node)) return null;
      else stack.push(...x.node.inputs.filter((i) => i !== null));
    }
    const names = [...[...symbols].map((s) => s.name), ...inputs];
    if (names.length === 0 || names.some((n) => this.#unpinned.has(n))) return null;
    return new PinRequest([...symbols], [...inputs]);
  }

  /** Asks for the contents of a scalar or short vector, or for its length first. */
  #ask(x: Value, symbols: Set<DimSymbol>, inputs: Set<string>): boolean {
    const { type } = x.fact;
    if (!this.#askable.has(x) || !isTensorType(type) || type.shape.length > 1) return false;
    const [size = 1] = type.shape;
    if (isSym(size)) symbolsOf(size, symbols);
    else if (size <= PIN_LIMIT) inputs.add(x.name);
    else return false;
    return true;
  }
}

/** Some output has a size that no size or element of the inputs tells. */
export function hasNewSize(outputs: readonly Value[], inputs: readonly (Value | null)[]): boolean {
  const known = new Set<DimSymbol>();
  for (const v of inputs)
    if (v) for (const d of [...sizesOf(v), ...(v.fact.value ?? [])]) symbolsOf(d, known);
  return outputs.some((v) => sizesOf(v).some((d) => [...symbolsOf(d)].some((s) => !known.has(s))));
}
const sizesOf = (v: Value): readonly Dim[] => (isTensorType(v.fact.type) ? v.fact.type.shape : []);

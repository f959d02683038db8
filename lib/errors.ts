/** Every error that haio raises: code → message template. `{field}` is replaced by the field's value. */
const TABLE = {
  HAIO_E_ARGUMENT: 'argument {name}: expected {expected}, got {got}',
  HAIO_E_FILE: 'cannot read {path}: {reason}',
  HAIO_E_MODEL: 'not a valid ONNX model: {reason}',
  HAIO_E_GRAPH: 'invalid graph: {reason}',
  HAIO_E_TYPE: "node '{node}' ({op}): {reason}",
  HAIO_E_SHAPE: "node '{node}' ({op}): {reason}",
  HAIO_E_ATTRIBUTE: "node '{node}' ({op}): attribute {attribute}: expected {expected}, got {got}",
  HAIO_E_UNSUPPORTED: 'the model needs operators that haio does not have: {list}',
  HAIO_E_INPUT: "input '{name}' must be {expected}, got {got}",
  HAIO_E_OUTPUT: "output '{name}' must be {expected}, got {got}",
  HAIO_E_NAME: "unknown {what} '{name}'; the model has {known}",
  HAIO_E_DATA: "node '{node}' ({op}): {reason}",
  HAIO_E_PLAN: 'invalid plan: {reason}',
  HAIO_E_PASS: "pass '{pass}': {reason}",
  HAIO_E_MEMORY: 'not enough memory: {reason}',
  HAIO_E_LIMIT: '{what} exceeds the limit: {got} > {limit}',
  HAIO_E_NATIVE: 'cannot load the native addon for {platform}: {reason}',
  HAIO_E_ISA: "ISA '{isa}' is not usable here; usable: {usable}",
  HAIO_E_ABORTED: 'the run was aborted',
  HAIO_E_RELEASED: 'the session has been released',
  HAIO_E_INTERNAL: 'internal error: {reason}',
} as const;

const textOf = (x: unknown): string => (typeof x === 'string' ? x : (JSON.stringify(x) ?? '?'));

/** Stable identifier of an error; part of the public API. */
export type ErrorCode = keyof typeof TABLE;

/** Marks the errors of every copy of haio in a process: the package's entries are files of their own. */
const BRAND = Symbol.for('haio.HaioError');

/** The one error class of haio: `code` is stable, `fields` holds what the message was made of. */
export class HaioError extends Error {
  override readonly name = 'HaioError';
  readonly code: ErrorCode;
  readonly fields: Readonly<Record<string, unknown>>;
  get [BRAND](): true {
    return true;
  }
  static override [Symbol.hasInstance](x: unknown): boolean {
    return typeof x === 'object' && x !== null && BRAND in x;
  }
  constructor(code: ErrorCode, fields: Record<string, unknown>, options?: { cause?: unknown }) {
    super(
      TABLE[code].replace(/\{(\w+)\}/g, (_, field: string) => textOf(fields[field])),
      options,
    );
    this.code = code;
    this.fields = fields;
  }
}

/** Throws the error `code` with its template filled from `fields`. */
export function raise(code: ErrorCode, fields: Record<string, unknown>, cause?: unknown): never {
  throw new HaioError(code, fields, cause === undefined ? undefined : { cause });
}

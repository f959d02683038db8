/** Errors across threads: structured clone would lose their class and fields. */
import { type ErrorCode, HaioError } from '../errors.js';

export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly fields: object;
  readonly stack?: string;
}

/** What of an error can be sent; others than HaioError become HAIO_E_INTERNAL. */
export function plainError(e: unknown): PlainError {
  const known = e instanceof HaioError;
  const { message, stack } = e instanceof Error ? e : new Error(String(e));
  return {
    code: known ? e.code : 'HAIO_E_INTERNAL',
    message,
    fields: known ? plainFields(e.fields) : { reason: message },
    ...(stack === undefined ? {} : { stack }),
  };
}

/** The error that was sent. */
export function errorOf({ code, message, fields, stack }: PlainError): HaioError {
  const error = new HaioError(code as ErrorCode, fields as Record<string, unknown>);
  error.message = message;
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** Only what structured clone takes. */
const plainFields = (fields: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(
    Object.entries(fields).map(([k, v]) => [k, typeof v === 'number' ? v : String(v)]),
  );

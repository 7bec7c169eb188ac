/** What is wrong with one field of a request. */
export interface FieldError {
  /** The field, with dots and brackets for what is inside: `retry.schedule[0]`. */
  field: string;
  code: string;
  message: string;
}

/**
 * Everything that can go wrong with a call, as one type to branch on: an answer of
 * `application/problem+json`, an answer that is none of Baton's, or no answer at all.
 */
export class Problem extends Error {
  /** The HTTP status; 0: no answer came. */
  readonly status: number;
  /** The stable word of the API, or `gone` when no answer came, or `not_baton` for a foreign one. */
  readonly code: string;
  /** What happened and what to do. */
  readonly detail: string;
  readonly errors: FieldError[];
  /** The id under which the server's log has it. */
  readonly requestId: string | undefined;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | undefined;
  /** The whole body, for members of its own such as `duplicate_of`. */
  readonly body: Record<string, unknown>;

  constructor(given: {
    status: number;
    code: string;
    detail: string;
    errors?: FieldError[] | undefined;
    requestId?: string | undefined;
    retryAfter?: number | undefined;
    body?: Record<string, unknown> | undefined;
  }) {
    super(given.detail);
    this.name = 'Problem';
    this.status = given.status;
    this.code = given.code;
    this.detail = given.detail;
    this.errors = given.errors ?? [];
    this.requestId = given.requestId;
    this.retryAfter = given.retryAfter;
    this.body = given.body ?? {};
  }

  /** Whether Baton itself could not be reached: then trying again by itself makes sense. */
  get isGone(): boolean {
    return this.code === 'gone' || this.code === 'not_baton';
  }

  /** The errors by field, the first of each, as forms want them. */
  byField(): Record<string, string> {
    const fields: Record<string, string> = {};
    for (const error of this.errors) fields[error.field] ??= sentence(error.message);
    return fields;
  }
}

/** The problem of a call that got no answer. */
export function gone(): Problem {
  return new Problem({
    status: 0,
    code: 'gone',
    detail: 'Baton does not answer. Nothing you entered is lost; try again when it is back.',
  });
}

/** Anything that was thrown, as a problem. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return new Problem({ status: -1, code: 'client_error', detail });
}

/** Reads an answer that says no. Total: whatever came, there is a problem to show. */
export async function readProblem(response: Response): Promise<Problem> {
  const requestId = response.headers.get('x-request-id') ?? undefined;
  const retryAfter = seconds(response.headers.get('retry-after'));
  const body = await jsonOf(response);
  if (!body || typeof body.code !== 'string') {
    // A proxy in between answers for a server that is down.
    const foreign = response.status >= 500;
    return new Problem({
      status: response.status,
      code: foreign ? 'not_baton' : 'unreadable',
      detail: foreign
        ? `Baton cannot be reached: something in between answered ${String(response.status)}.`
        : `The answer ${String(response.status)} is not one of Baton's.`,
      requestId,
      retryAfter,
    });
  }
  return new Problem({
    status: response.status,
    code: body.code,
    detail: typeof body.detail === 'string' ? body.detail : response.statusText,
    errors: Array.isArray(body.errors) ? body.errors.filter(isFieldError) : [],
    requestId: typeof body.request_id === 'string' ? body.request_id : requestId,
    retryAfter,
    body,
  });
}

/**
 * A fragment of the API as a sentence: it begins with a capital and ends with a stop. Names, which
 * the API writes between `marks`, stand between those of print.
 */
export function sentence(text: string): string {
  const trimmed = text.trim().replace(/`([^`]+)`/g, '“$1”');
  if (trimmed === '') return '';
  const first = trimmed.charAt(0);
  // Names of fields such as `retry.schedule[0]` stay as they are.
  const start = /^[a-z]+(?:-[a-z]+)*(?:[ ,]|\.?$|\. )/.test(trimmed) ? first.toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?…]$/.test(start) ? start : `${start}.`;
}

function isFieldError(value: unknown): value is FieldError {
  const error = value as Partial<FieldError> | null;
  return typeof error?.field === 'string' && typeof error.message === 'string';
}

function seconds(header: string | null): number | undefined {
  const value = Number(header);
  return header !== null && Number.isFinite(value) && value >= 0 ? value : undefined;
}

async function jsonOf(response: Response): Promise<Record<string, unknown> | undefined> {
  if (!/json/.test(response.headers.get('content-type') ?? '')) return undefined;
  try {
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

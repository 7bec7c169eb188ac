import type { components } from '@/api/schema';

type Sent = components['schemas']['RequestView'];

/** What stands for a secret in everything that is shown. */
const MASK = /•{3,}/;

/** Headers that curl makes by itself, out of what it sends. */
const OWN_HEADERS: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding', 'connection']);

/**
 * The request as a command for a shell. What was sent is outside text: every piece of it is quoted,
 * so that nothing of it is ever run.
 */
export function curlText(request: Sent): string {
  const lines = [`curl -X ${quoted(request.method)} ${quoted(request.url)}`];
  for (const { name, value } of request.headers) {
    if (!OWN_HEADERS.has(name.toLowerCase())) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  }
  if (request.body !== '') lines.push(`--data-raw ${quoted(request.body)}`);
  const command = lines.join(' \\\n  ');
  const notes: string[] = [];
  if (MASK.test(command)) notes.push('# Secrets are masked: put yours in the place of the dots.');
  if (!request.body_is_text) notes.push('# The body was not text; what is not UTF-8 was replaced.');
  return [...notes, command].join('\n');
}

const UNPRINTED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** A word of a POSIX shell; text that a terminal would act on is written in escapes. */
function quoted(text: string): string {
  if (!UNPRINTED.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`;
  const escaped = [...text].map((char) => {
    if (char === '\\' || char === "'") return `\\${char}`;
    if (!UNPRINTED.test(char)) return char;
    return [...new TextEncoder().encode(char)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  });
  return `$'${escaped.join('')}'`;
}

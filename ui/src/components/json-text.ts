/** Most characters put into a page at once; more make it slow to scroll. */
export const SHOWN_CHARS_MAX = 65_536;
/** Longer texts are not laid out: reading them would stop the page. */
const PRETTY_CHARS_MAX = 1_048_576;

/**
 * JSON with a line for each member, or `undefined` when the text is none. It works on the text and
 * not on parsed values: numbers keep their digits (`1.10`, `12345678901234567890`), members their
 * order, and two members of one name are both there to be seen.
 */
export function prettyJson(text: string): string | undefined {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed) || trimmed.length > PRETTY_CHARS_MAX) return undefined;
  try {
    JSON.parse(trimmed);
  } catch {
    return undefined;
  }
  const out: string[] = [];
  let depth = 0;
  const line = (): void => {
    out.push('\n', '  '.repeat(depth));
  };
  // Strings as wholes, then what gives a text its shape, then runs of anything else.
  const tokens = trimmed.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s"[\]{},:]+/g) ?? [];
  tokens.forEach((token, at) => {
    if (token === '{' || token === '[') {
      out.push(token);
      const next = tokens[at + 1];
      if (next !== '}' && next !== ']') {
        depth += 1;
        line();
      }
    } else if (token === '}' || token === ']') {
      const before = tokens[at - 1];
      if (before !== '{' && before !== '[') {
        depth -= 1;
        line();
      }
      out.push(token);
    } else if (token === ',') {
      out.push(token);
      line();
    } else if (token === ':') out.push(': ');
    else out.push(token);
  });
  return out.join('');
}

/** Characters of a piece; a browser lays one out in a few milliseconds. */
const PIECE_CHARS = 4_096;

/** The text in pieces that are laid out one by one, parted behind a line where there is one to end. */
export function pieces(text: string): string[] {
  const parts: string[] = [];
  for (let from = 0; from < text.length; ) {
    let to = Math.min(from + PIECE_CHARS, text.length);
    if (to < text.length) {
      const line = text.lastIndexOf('\n', to - 1);
      if (line >= from) to = line + 1;
      // The two halves of a character beyond the first 65,536 stay together.
      else if (/[\ud800-\udbff]/.test(text.charAt(to - 1))) to += 1;
    }
    parts.push(text.slice(from, to));
    from = to;
  }
  return parts;
}

/** "812 B", "64 KB", "1.4 MB". */
export function bytes(count: number): string {
  if (count < 1024) return `${String(count)} B`;
  const kb = count / 1024;
  if (kb < 1024) return `${kb < 10 ? kb.toFixed(1).replace(/\.0$/, '') : String(Math.round(kb))} KB`;
  const mb = kb / 1024;
  if (mb < 1024) return `${mb.toFixed(1)} MB`;
  return `${(mb / 1024).toFixed(1)} GB`;
}

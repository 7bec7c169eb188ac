// Looks into the beginning of a file, in the browser, to show its columns before anything is sent.
// The server reads the file for itself; this is for people.

export type Format = 'csv' | 'jsonl';

export interface Column {
  name: string;
  /** Values of the first rows. */
  samples: string[];
}

export interface Peek {
  format: Format;
  columns: Column[];
  /** Why it cannot be a file of leads, for people. */
  fault?: string;
}

/** How much of a file is looked at. */
export const PEEK_BYTES = 65_536;
const SAMPLES = 3;
/** More columns than this are not leads; the server says so too. */
const COLUMNS_MAX = 250;

/** What the beginning of a file holds. */
export function peek(name: string, head: Uint8Array): Peek {
  const format = formatOf(name);
  const fault = foreign(head);
  if (fault !== undefined) return { format, columns: [], fault };
  const text = new TextDecoder('utf-8').decode(head).replace(/^\uFEFF/, '');
  if (text.trim() === '') return { format, columns: [], fault: 'The file is empty.' };
  return looksLikeJson(text) ? { format: 'jsonl', ...jsonColumns(text) } : { format: 'csv', ...csvColumns(text) };
}

function formatOf(name: string): Format {
  return /\.(jsonl|ndjson|json)$/i.test(name) ? 'jsonl' : 'csv';
}

function foreign(head: Uint8Array): string | undefined {
  const begins = (...bytes: number[]): boolean => bytes.every((byte, at) => head[at] === byte);
  if (begins(0x50, 0x4b)) return 'This is a workbook or an archive. Save it as “CSV UTF-8” first.';
  if (begins(0x1f, 0x8b)) return 'This file is compressed. Unpack it first.';
  if (begins(0xff, 0xfe) || begins(0xfe, 0xff)) return 'This file is UTF-16. Save it as “CSV UTF-8” first.';
  return undefined;
}

const looksLikeJson = (text: string): boolean => text.trimStart().startsWith('{');

function jsonColumns(text: string): Omit<Peek, 'format'> {
  const columns = new Map<string, string[]>();
  let read = 0;
  for (const line of text.split('\n').slice(0, SAMPLES * 4)) {
    const row = objectOf(line);
    if (!row || read >= SAMPLES) continue;
    read += 1;
    for (const [key, value] of Object.entries(row)) {
      const samples = columns.get(key) ?? [];
      samples.push(typeof value === 'string' ? value : JSON.stringify(value));
      columns.set(key, samples);
    }
  }
  if (read === 0) return { columns: [], fault: 'Its first lines are not one JSON object each.' };
  return { columns: [...columns].slice(0, COLUMNS_MAX).map(([name, samples]) => ({ name, samples })) };
}

function objectOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function csvColumns(text: string): Omit<Peek, 'format'> {
  const told = /^sep=(.)\r?\n/i.exec(text);
  const body = told ? text.slice(told[0].length) : text;
  const delimiter = told?.[1] ?? delimiterOf(body);
  const [head = [], ...rows] = csvRows(body, delimiter, SAMPLES + 1);
  const columns = head.slice(0, COLUMNS_MAX).map((name, at) => ({
    name,
    samples: rows.map((row) => row[at] ?? '').filter((value) => value !== ''),
  }));
  if (columns.every((column) => column.name.trim() === '')) {
    return { columns: [], fault: 'Its first row names no columns.' };
  }
  return { columns };
}

/** What most often stands between cells of the first line, outside of quotes. */
function delimiterOf(text: string): string {
  const line = (text.split(/\r?\n/, 1)[0] ?? '').replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t', '|'].map((mark) => ({ mark, count: line.split(mark).length }));
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).mark;
}

/** The first rows of CSV text; empty lines are none. */
export function csvRows(text: string, delimiter: string, most: number): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  const endRow = (): void => {
    row.push(cell);
    cell = '';
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  };
  for (let at = 0; at < text.length && rows.length < most; at += 1) {
    const char = text.charAt(at);
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text.charAt(at + 1) === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (char === '"' && cell === '') quoted = true;
    else if (char === delimiter) {
      row.push(cell);
      cell = '';
    } else if (char === '\n') endRow();
    else if (char !== '\r') cell += char;
  }
  if (rows.length < most && (cell !== '' || row.length > 0)) endRow();
  return rows;
}

/** `First Name` finds `first_name`, as the server compares names. */
export function fieldOfName(column: string, fields: readonly string[]): string | undefined {
  const key = (text: string): string => text.trim().toLowerCase().replace(/[\s_-]+/g, '_');
  return fields.find((field) => field === column) ?? fields.find((field) => key(field) === key(column));
}

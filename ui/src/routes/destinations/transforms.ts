/** The words of docs/mapping.md: those without an argument, and how the others' are written. */
export type Word = string | Readonly<Record<string, unknown>>;

export interface WordKind {
  name: string;
  label: string;
  group: 'Text' | 'Names' | 'Phones and places' | 'Dates, numbers and choices';
  /** How its argument is written in the form; without one it has none. */
  argument?: 'text' | 'number' | 'pair' | 'decimals' | 'pairs' | 'parts';
  /** What the argument's field says. */
  hint?: string;
  /** The argument it begins with. */
  first?: unknown;
}

export const WORDS: readonly WordKind[] = [
  { name: 'trim', label: 'Trim spaces', group: 'Text' },
  { name: 'upper', label: 'UPPER CASE', group: 'Text' },
  { name: 'lower', label: 'lower case', group: 'Text' },
  { name: 'title', label: 'Title Case', group: 'Text' },
  { name: 'digits', label: 'Digits only', group: 'Text' },
  { name: 'truncate', label: 'Cut after', group: 'Text', argument: 'number', hint: 'characters', first: 50 },
  { name: 'replace', label: 'Replace', group: 'Text', argument: 'pair', hint: 'this | by this', first: ['', ''] },
  { name: 'concat', label: 'Put together', group: 'Text', argument: 'parts', hint: '{first_name} {last_name}', first: [] },
  { name: 'default', label: 'When missing', group: 'Text', argument: 'text', hint: 'unknown', first: '' },
  { name: 'sha256', label: 'SHA-256 hash', group: 'Text' },
  { name: 'first_name_of', label: 'First name of', group: 'Names' },
  { name: 'last_name_of', label: 'Last name of', group: 'Names' },
  { name: 'e164', label: 'Phone +44…', group: 'Phones and places' },
  { name: 'national', label: 'Phone, national', group: 'Phones and places' },
  { name: 'us_state_code', label: 'State code (TX)', group: 'Phones and places' },
  { name: 'us_state_name', label: 'State name (Texas)', group: 'Phones and places' },
  { name: 'date', label: 'Date as', group: 'Dates, numbers and choices', argument: 'text', hint: 'MM/DD/YYYY', first: 'MM/DD/YYYY' },
  { name: 'number', label: 'Decimals', group: 'Dates, numbers and choices', argument: 'decimals', hint: '2', first: { decimals: 2 } },
  { name: 'boolean', label: 'Yes and no as', group: 'Dates, numbers and choices', argument: 'pair', hint: 'yes | no', first: ['Y', 'N'] },
  { name: 'map', label: 'Translate', group: 'Dates, numbers and choices', argument: 'pairs', hint: 'own = OWNER', first: {} },
];

/** The name of a word, `split_name` told as what it does. */
export function wordName(word: unknown): string {
  if (typeof word === 'string') return word;
  const name = typeof word === 'object' && word !== null ? (Object.keys(word)[0] ?? '') : '';
  if (name === 'split_name') return argumentOf(word) === 'last' ? 'last_name_of' : 'first_name_of';
  return name;
}

export function argumentOf(word: unknown): unknown {
  return typeof word === 'object' && word !== null ? Object.values(word)[0] : undefined;
}

export function kindOf(word: unknown): WordKind | undefined {
  return WORDS.find((kind) => kind.name === wordName(word));
}

/** A new word with the argument it begins with. */
export function newWord(kind: WordKind): Word {
  return kind.argument === undefined ? kind.name : { [kind.name]: kind.first };
}

/** The argument as it is written in the form. */
export function argumentText(kind: WordKind, argument: unknown): string {
  switch (kind.argument) {
    case 'pair':
      return Array.isArray(argument) ? argument.map(plain).join(' | ') : '';
    case 'decimals':
      return plain((argument as { decimals?: unknown } | null)?.decimals);
    case 'pairs':
      return Object.entries((argument ?? {}) as Record<string, unknown>)
        .map(([from, to]) => `${from} = ${plain(to)}`)
        .join('\n');
    case 'parts':
      return Array.isArray(argument) ? argument.map(partText).join('') : '';
    default:
      return plain(argument);
  }
}

/** The argument of what is written in the form. Total: what cannot be read becomes its text. */
export function argumentFrom(kind: WordKind, text: string): unknown {
  switch (kind.argument) {
    case 'number':
      return /^\d+$/.test(text.trim()) ? Number(text) : text;
    case 'decimals':
      return { decimals: /^\d+$/.test(text.trim()) ? Number(text) : text };
    case 'pair': {
      const cut = text.indexOf('|');
      const pair = cut < 0 ? [text, ''] : [text.slice(0, cut), text.slice(cut + 1)];
      // Spaces around the bar are for the eye; those of a text to be replaced may be meant.
      return pair.map((part, at) => (at === 0 ? part.replace(/ $/, '') : part.replace(/^ /, ''))).map(
        kind.name === 'boolean' ? scalar : (part) => part,
      );
    }
    case 'pairs':
      return Object.fromEntries(
        text.split('\n').flatMap((line) => {
          const cut = line.indexOf('=');
          if (cut < 0) return line.trim() === '' ? [] : [[line.trim(), '']];
          return [[line.slice(0, cut).trim(), line.slice(cut + 1).trim()]];
        }),
      );
    case 'parts':
      return partsFrom(text);
    default:
      return text;
  }
}

/** `{first_name} {last_name}` as parts; a brace that is not closed is text. */
function partsFrom(text: string): unknown[] {
  return (text.match(/\{[^{}\s]+\}|[^{]+|\{/g) ?? []).map((part) =>
    /^\{[^{}\s]+\}$/.test(part) ? { field: part.slice(1, -1) } : part,
  );
}

function partText(part: unknown): string {
  const field = typeof part === 'object' && part !== null ? (part as { field?: unknown }).field : undefined;
  return field === undefined ? plain(part) : `{${plain(field)}}`;
}

/** `1` and `true` mean a number and a truth; anything else is a text. */
function scalar(text: string): unknown {
  const trimmed = text.trim();
  if (/^-?\d{1,15}$/.test(trimmed)) return Number(trimmed);
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true';
  return trimmed;
}

function plain(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean);
}

/** Fields that the words of a row look at besides its own. */
export function fieldsIn(words: readonly unknown[]): string[] {
  return words.flatMap((word) => {
    const argument = wordName(word) === 'concat' ? argumentOf(word) : undefined;
    if (!Array.isArray(argument)) return [];
    return argument.flatMap((part: unknown) => {
      const field = typeof part === 'object' && part !== null ? (part as { field?: unknown }).field : undefined;
      return typeof field === 'string' ? [field] : [];
    });
  });
}

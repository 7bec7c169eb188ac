import type { FieldSpec } from '@/api/campaigns';
import { kindOf } from './kinds';

/** What a lead of a country has, as people there write it. */
interface Local {
  name: string;
  phone: string;
  postcode: string;
  state: string;
}

const BRITISH: Local = { name: 'United Kingdom', phone: '07400 123456', postcode: 'sw1a1aa', state: 'Greater London' };

const LOCALS: Readonly<Record<string, Local>> = {
  GB: BRITISH,
  US: { name: 'United States', phone: '(212) 555-0123', postcode: '10118', state: 'Texas' },
  CA: { name: 'Canada', phone: '(416) 555-0123', postcode: 'k1a0b1', state: 'Ontario' },
  AU: { name: 'Australia', phone: '0412 345 678', postcode: '2000', state: 'NSW' },
  IE: { name: 'Ireland', phone: '085 012 3456', postcode: 'd02af30', state: 'Leinster' },
  DE: { name: 'Germany', phone: '01512 3456789', postcode: '10115', state: 'Berlin' },
};

/** Texts by what a field's name says it is; the first that fits counts. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/first|given|forename/i, 'Ada'],
  [/last|sur|family/i, 'Lovelace'],
  [/company|organi[sz]ation|employer/i, 'Example Ltd'],
  [/name/i, 'Ada Lovelace'],
  [/street|address/i, '12 St James’s Square'],
  [/city|town/i, 'London'],
  [/title|salutation/i, 'Ms'],
  [/comment|message|note/i, 'Please call after five.'],
];

/** A value to start from for a field of a campaign of this country. Empty: none can be guessed. */
export function sampleFor(field: FieldSpec, country: string): string {
  const guess = guessFor(field, country);
  const { rules } = kindOf(field.type);
  const pattern = field.pattern ?? '';
  return rules.includes('pattern') && pattern !== '' && !matches(pattern, guess) ? '' : guess;
}

function guessFor(field: FieldSpec, country: string): string {
  const local = localOf(country);
  switch (field.type) {
    case 'email':
      return 'Ada@Example.COM';
    case 'phone':
      return local.phone;
    case 'number':
      return within('1250.50', field, Number);
    case 'integer':
      return within('42', field, Number);
    case 'boolean':
      return 'yes';
    case 'consent':
      return 'I agree';
    case 'date':
      return /birth|dob/i.test(field.name)
        ? within('10 December 1985', field, Date.parse)
        : within('28 January 2026', field, Date.parse);
    case 'choice':
      return field.choices?.[0] ?? '';
    case 'postcode':
      return local.postcode;
    case 'country':
      return local.name;
    case 'state':
      return local.state;
    case 'url':
      return 'https://example.com/';
    case 'text':
      return ofLength(TEXTS.find(([name]) => name.test(field.name))?.[1] ?? 'Example', field);
  }
}

function localOf(country: string): Local {
  const known = country === '' ? BRITISH : LOCALS[country];
  if (known) return known;
  // Elsewhere only what is understood everywhere.
  return { name: country, phone: '+44 7400 123456', postcode: '10001', state: 'Central' };
}

/** The guess, or the bound it is beyond. */
function within(guess: string, { min, max }: FieldSpec, size: (text: string) => number): string {
  if (min != null && min !== '' && size(guess) < size(min)) return min;
  if (max != null && max !== '' && size(guess) > size(max)) return max;
  return guess;
}

/** The guess, as long as the field wants it. */
function ofLength(guess: string, { min_length: fewest, max_length: most }: FieldSpec): string {
  const long = guess.length < (fewest ?? 0) ? guess.padEnd(Math.min(fewest ?? 0, 1000), ` ${guess}`).trimEnd().padEnd(fewest ?? 0, 'x') : guess;
  return most == null ? long : long.slice(0, most).trimEnd();
}

function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(text);
  } catch {
    // The server's patterns are of another dialect.
    return false;
  }
}

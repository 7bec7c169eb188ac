import type { FieldSpec } from '@/api/campaigns';

export const LANGUAGES = [
  { value: 'curl', label: 'curl' },
  { value: 'node', label: 'Node' },
  { value: 'php', label: 'PHP' },
  { value: 'python', label: 'Python' },
  { value: 'html', label: 'HTML form' },
] as const;

export type Language = (typeof LANGUAGES)[number]['value'];

export interface SnippetInput {
  url: string;
  fields: readonly FieldSpec[];
  country: string | null | undefined;
  /** Whether captures must be signed; the secret stands in the environment. */
  signed: boolean;
}

/** Code that posts a lead, made from the campaign's fields. */
export function snippet(language: Language, input: SnippetInput): string {
  return WRITERS[language](input);
}

const WRITERS: Readonly<Record<Language, (input: SnippetInput) => string>> = { curl, node, php, python, html };

/** A value of each field's type, as one would send it. */
export function sampleFields(fields: readonly FieldSpec[], country: string | null | undefined): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field.name, sampleValue(field, country)]));
}

function sampleValue(field: FieldSpec, country: string | null | undefined): unknown {
  const us = country === 'US' || country == null;
  switch (field.type) {
    case 'email':
      return 'jane.doe@example.com';
    case 'phone':
      return us ? '+1 512 555 0100' : country === 'GB' ? '07700 900123' : '+44 7700 900123';
    case 'number':
      return 1250.5;
    case 'integer':
      return 42;
    case 'boolean':
    case 'consent':
      return true;
    case 'date':
      return '1985-04-12';
    case 'choice':
      return field.choices?.[0] ?? '';
    case 'postcode':
      return us ? '78701' : 'SW1A 1AA';
    case 'country':
      return country ?? 'US';
    case 'state':
      return us ? 'TX' : 'Greater London';
    case 'url':
      return 'https://example.com/';
    default:
      if (/first/i.test(field.name)) return 'Jane';
      if (/last|surname/i.test(field.name)) return 'Doe';
      return /name/i.test(field.name) ? 'Jane Doe' : 'Sample';
  }
}

const json = (input: SnippetInput): string => JSON.stringify(sampleFields(input.fields, input.country), null, 2);

/** A text within single quotes of a shell. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A text as a JavaScript literal; also safe within a page. */
export function scriptQuoted(text: string): string {
  return JSON.stringify(text).replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** A text within single quotes of PHP. */
export function phpQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** A text as a Python literal: those of JSON are ones, pairs of surrogates included once decoded. */
export function pythonQuoted(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A text within double quotes of HTML. */
export function htmlEscaped(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (one) => names[one] ?? one);
}

function curl(input: SnippetInput): string {
  const type = `-H 'Content-Type: application/json'`;
  if (!input.signed) return `curl -sS ${shellQuoted(input.url)} ${type} \\\n  -d ${shellQuoted(json(input))}`;
  return [
    `BODY=${shellQuoted(json(input))}`,
    `SIGNATURE=$(printf %s "$BODY" | openssl dgst -sha256 -hmac "$BATON_SECRET" -r | cut -d' ' -f1)`,
    `curl -sS ${shellQuoted(input.url)} ${type} \\`,
    `  -H "X-LeadsBot-Signature: $SIGNATURE" -d "$BODY"`,
  ].join('\n');
}

function node(input: SnippetInput): string {
  const lines = [
    ...(input.signed ? ["import { createHmac } from 'node:crypto';", ''] : []),
    `const body = JSON.stringify(${scriptJson(input)});`,
    ...(input.signed
      ? ["const signature = createHmac('sha256', process.env.BATON_SECRET).update(body).digest('hex');"]
      : []),
    `const response = await fetch(${scriptQuoted(input.url)}, {`,
    "  method: 'POST',",
    input.signed
      ? "  headers: { 'Content-Type': 'application/json', 'X-LeadsBot-Signature': signature },"
      : "  headers: { 'Content-Type': 'application/json' },",
    '  body,',
    '});',
    'if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);',
    'console.log(await response.json());',
  ];
  return lines.join('\n');
}

function scriptJson(input: SnippetInput): string {
  const entries = Object.entries(sampleFields(input.fields, input.country));
  const rows = entries.map(([name, value]) => `  ${scriptQuoted(name)}: ${typeof value === 'string' ? scriptQuoted(value) : JSON.stringify(value)},`);
  return ['{', ...rows, '}'].join('\n');
}

function php(input: SnippetInput): string {
  const rows = Object.entries(sampleFields(input.fields, input.country)).map(([name, value]) => {
    const shown = typeof value === 'string' ? phpQuoted(value) : JSON.stringify(value);
    return `    ${phpQuoted(name)} => ${shown},`;
  });
  return [
    '<?php',
    '$body = json_encode([',
    ...rows,
    ']);',
    ...(input.signed ? ["$signature = hash_hmac('sha256', $body, getenv('BATON_SECRET'));"] : []),
    `$request = curl_init(${phpQuoted(input.url)});`,
    'curl_setopt_array($request, [',
    '    CURLOPT_POST => true,',
    '    CURLOPT_POSTFIELDS => $body,',
    input.signed
      ? "    CURLOPT_HTTPHEADER => ['Content-Type: application/json', 'X-LeadsBot-Signature: ' . $signature],"
      : "    CURLOPT_HTTPHEADER => ['Content-Type: application/json'],",
    '    CURLOPT_RETURNTRANSFER => true,',
    ']);',
    '$answer = curl_exec($request);',
    "echo curl_getinfo($request, CURLINFO_HTTP_CODE), ' ', $answer;",
  ].join('\n');
}

function python(input: SnippetInput): string {
  const rows = Object.entries(sampleFields(input.fields, input.country)).map(([name, value]) => {
    const shown = typeof value === 'string' ? pythonQuoted(value) : typeof value === 'boolean' ? (value ? 'True' : 'False') : JSON.stringify(value);
    return `    ${pythonQuoted(name)}: ${shown},`;
  });
  return [
    ...(input.signed ? ['import hashlib', 'import hmac'] : []),
    'import json',
    ...(input.signed ? ['import os'] : []),
    'import urllib.request',
    '',
    'body = json.dumps({',
    ...rows,
    '}).encode()',
    'headers = {"Content-Type": "application/json"}',
    ...(input.signed
      ? [
          'secret = os.environ["BATON_SECRET"].encode()',
          'headers["X-LeadsBot-Signature"] = hmac.new(secret, body, hashlib.sha256).hexdigest()',
        ]
      : []),
    `request = urllib.request.Request(${pythonQuoted(input.url)}, data=body, headers=headers)`,
    'with urllib.request.urlopen(request) as answer:',
    '    print(answer.status, answer.read().decode())',
  ].join('\n');
}

const INPUT_TYPES: Readonly<Partial<Record<FieldSpec['type'], string>>> = {
  email: 'type="email" autocomplete="email"',
  phone: 'type="tel" autocomplete="tel"',
  number: 'inputmode="decimal"',
  integer: 'inputmode="numeric"',
  date: 'type="date"',
  postcode: 'autocomplete="postal-code"',
  country: 'autocomplete="country-name"',
  state: 'autocomplete="address-level1"',
  url: 'type="url"',
};

function html(input: SnippetInput): string {
  const rows = input.fields.flatMap((field) => {
    const label = htmlEscaped(field.label ?? words(field.name));
    const name = htmlEscaped(field.name);
    const required = field.required === true ? ' required' : '';
    if (field.type === 'choice') {
      return [
        `  <label>${label}`,
        `    <select name="${name}"${required}>`,
        ...(field.choices ?? []).map((choice) => `      <option>${htmlEscaped(choice)}</option>`),
        '    </select>',
        '  </label>',
      ];
    }
    if (field.type === 'boolean' || field.type === 'consent') {
      return [`  <label><input type="checkbox" name="${name}" value="yes"${required}> ${label}</label>`];
    }
    const kind = INPUT_TYPES[field.type] ?? autocomplete(field.name);
    return [`  <label>${label} <input name="${name}"${kind === '' ? '' : ` ${kind}`}${required}></label>`];
  });
  const note = input.signed
    ? ['<!-- This source asks for a signature, and a page cannot keep a secret: post from your server instead. -->']
    : [];
  return [
    ...note,
    `<form method="post" action="${htmlEscaped(input.url)}">`,
    ...rows,
    '  <button>Send</button>',
    '</form>',
  ].join('\n');
}

function autocomplete(name: string): string {
  if (/first/i.test(name)) return 'autocomplete="given-name"';
  if (/last|surname/i.test(name)) return 'autocomplete="family-name"';
  return /^(full_?)?name$/i.test(name) ? 'autocomplete="name"' : '';
}

function words(name: string): string {
  const text = name.replace(/[_-]+/g, ' ').trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

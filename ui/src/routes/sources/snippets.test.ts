import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { FieldSpec } from '@/api/campaigns';
import { htmlEscaped, LANGUAGES, phpQuoted, pythonQuoted, scriptQuoted, shellQuoted, snippet } from './snippets';

/** What a choice or a label of somebody's can hold. */
const HOSTILE = [`it's`, '"quoted"', '$(id) `id` $HOME', 'back\\slash', '</script><b>', 'line\nbreak', 'ünï 😀', '\u2028', "'; drop --", '%s %d', '<?php ?>'];

describe('quoting', () => {
  it('gives the shell the very text', () => {
    for (const text of HOSTILE) {
      expect(execFileSync('sh', ['-c', `printf %s ${shellQuoted(text)}`]).toString()).toBe(text);
    }
  });
  it('gives JavaScript the very text, and ends no script', () => {
    for (const text of HOSTILE) {
      const quoted = scriptQuoted(text);
      expect(JSON.parse(quoted)).toBe(text);
      expect(quoted).not.toMatch(/<|\u2028/);
    }
  });
  it('leaves PHP nothing to read but a text', () => {
    expect(phpQuoted(`a'b\\`)).toBe(`'a\\'b\\\\'`);
    expect(phpQuoted('$x "y"')).toBe(`'$x "y"'`);
  });
  it('gives Python a literal of ASCII controls', () => {
    expect(pythonQuoted('a"b\n\u2028')).toBe('"a\\"b\\n\\u2028"');
  });
  it('leaves HTML no tag and no end of an attribute', () => {
    expect(htmlEscaped(`<a href="x" b='y'>&`)).toBe('&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;');
  });
});

describe('snippets', () => {
  const fields: FieldSpec[] = [
    { name: 'email', type: 'email', required: true },
    { name: 'roof', type: 'choice', choices: [`it's <b>`], label: '"Roof" & <i>' },
    { name: 'terms', type: 'consent', required: true },
  ];
  const made = (signed: boolean): Record<string, string> =>
    Object.fromEntries(
      LANGUAGES.map(({ value }) => [value, snippet(value, { url: 'https://b.example/in/w/leads', fields, country: 'GB', signed })]),
    );
  it('name the address and the fields', () => {
    for (const text of Object.values(made(false))) {
      expect(text).toContain('https://b.example/in/w/leads');
      expect(text).toContain('email');
      expect(text).not.toContain('Signature');
    }
  });
  it('sign where the source asks for it', () => {
    const { html, ...rest } = made(true);
    for (const text of Object.values(rest)) expect(text).toContain('X-LeadsBot-Signature');
    expect(html).toContain('a page cannot keep a secret');
  });
  it('post the very values from a shell', () => {
    const line = made(false).curl?.replace(/^curl/, 'printf "%s\\n"') ?? '';
    const printed = execFileSync('sh', ['-c', line]).toString();
    const body = printed.slice(printed.indexOf('{'));
    expect(JSON.parse(body)).toEqual({ email: 'jane.doe@example.com', roof: `it's <b>`, terms: true });
  });
  it('make a form that a browser reads as it is meant', () => {
    const page = new DOMParser().parseFromString(made(false).html ?? '', 'text/html');
    expect(page.querySelector('form')?.getAttribute('action')).toBe('https://b.example/in/w/leads');
    expect(page.querySelector('option')?.textContent).toBe(`it's <b>`);
    expect(page.querySelector('b, i')).toBeNull();
    expect(page.querySelector('input[name=email]')?.hasAttribute('required')).toBe(true);
  });
});

import { expect, test } from 'vitest';
import { curlText } from './curl';

const request = { method: 'POST', url: 'https://crm.example/leads', headers: [], body: '', body_is_text: true };

test('a request is one command, a line for each part', () => {
  const text = curlText({
    ...request,
    headers: [
      { name: 'Content-Type', value: 'application/json' },
      { name: 'Content-Length', value: '9' },
      { name: 'Host', value: 'crm.example' },
    ],
    body: '{"a":"b"}',
  });
  expect(text).toBe(
    `curl -X 'POST' 'https://crm.example/leads' \\\n  -H 'Content-Type: application/json' \\\n  --data-raw '{"a":"b"}'`,
  );
});

test('without a body nothing is said of one', () => {
  expect(curlText({ ...request, method: 'GET' })).toBe("curl -X 'GET' 'https://crm.example/leads'");
});

test('quotes, dollars and line breaks of a body are never run', () => {
  expect(curlText({ ...request, body: `it's $(rm -rf /) \`id\`\nend` })).toContain(
    `--data-raw 'it'\\''s $(rm -rf /) \`id\`\nend'`,
  );
});

test('characters that a terminal acts on are written in escapes', () => {
  expect(curlText({ ...request, body: "\u001b[2J\r'\\\u202e" })).toContain(
    `--data-raw $'\\x1b[2J\\x0d\\'\\\\\\xe2\\x80\\xae'`,
  );
});

test('masked secrets stay masked, and it says so', () => {
  const text = curlText({ ...request, headers: [{ name: 'Authorization', value: 'Bearer ••••••••' }] });
  expect(text).toMatch(/^# Secrets are masked/);
  expect(text).toContain(`-H 'Authorization: Bearer ••••••••'`);
});

test('a body that was no text is told of', () => {
  expect(curlText({ ...request, body: '�', body_is_text: false })).toMatch(/^# The body was not text/);
});

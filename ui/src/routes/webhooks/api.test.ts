import { expect, test } from 'vitest';
import { hostOf, nameOf, scopeInWords } from './api';

test('what a webhook hears is said in words, and hearing everything is said first', () => {
  const check = (events: string[], expected: string): void => {
    expect(scopeInWords(events)).toBe(expected);
  };
  check([], 'All events, of every lead');
  check(['lead.created'], 'Lead created');
  check(['lead.created', 'delivery.failed'], 'Lead created and delivery failed');
  check(['lead.created', 'delivery.failed', 'lead.updated', 'x.new'], 'Lead created, delivery failed and 2 more');
});

test('a webhook is called by its note, else by its host', () => {
  expect(nameOf({ url: 'https://a.example/x', description: 'Billing' })).toBe('Billing');
  expect(nameOf({ url: 'https://a.example:8443/x', description: '' })).toBe('a.example:8443');
  expect(hostOf('not a url')).toBe('not a url');
});

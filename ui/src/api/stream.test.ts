import { expect, it } from 'vitest';
import { eventParser, type StreamEvent } from './stream';

const TEXT =
  ': alive\n\nid: 1\nevent: lead.created\ndata: {"a":1}\n\nid: 2\r\nevent: lead.updated\r\ndata: one\r\ndata: two\r\n\r\ndata\n\nid: 9\n\n';
const EXPECTED: StreamEvent[] = [
  { id: '1', kind: 'lead.created', data: '{"a":1}' },
  { id: '2', kind: 'lead.updated', data: 'one\ntwo' },
  { id: '', kind: '', data: '' },
];

const read = (pieces: string[]): StreamEvent[] => {
  const heard: StreamEvent[] = [];
  const parse = eventParser((event) => heard.push(event));
  for (const piece of pieces) parse(piece);
  return heard;
};

it('reads events', () => {
  expect(read([TEXT])).toEqual(EXPECTED);
});

it('reads the same events wherever the text is cut', () => {
  for (let at = 0; at <= TEXT.length; at += 1) {
    expect(read([TEXT.slice(0, at), TEXT.slice(at)]), `cut at ${String(at)}`).toEqual(EXPECTED);
  }
  expect(read([...TEXT])).toEqual(EXPECTED);
});

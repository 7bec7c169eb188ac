import { expect, test } from 'vitest';
import { writtenTags } from './BulkTagsDialog';

test('tags are parted by commas', () => {
  expect(writtenTags(' hot , ,call back,')).toEqual(['hot', 'call back']);
});

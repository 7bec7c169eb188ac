import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';

// A limit for machines that do something else besides; tests go on as soon as they can.
configure({ asyncUtilTimeout: 10_000 });

afterEach(() => {
  cleanup();
  document.body.replaceChildren();
});

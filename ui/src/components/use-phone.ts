import { useMediaQuery } from '@mantine/hooks';

/** Under this width the navigation folds away, tables become cards, and panels become pages. */
export function usePhone(): boolean {
  return useMediaQuery('(max-width: 767px)', false, { getInitialValueInEffect: false }) ?? false;
}

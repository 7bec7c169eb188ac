/** The mark: a baton in two hands. */
export function Brand({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#0e2a33" />
      <path d="M9.5 22.5 18 14" stroke="#58c4de" strokeWidth="5" strokeLinecap="round" />
      <path d="m18 14 4.5-4.5" stroke="#f4a64a" strokeWidth="5" strokeLinecap="round" />
    </svg>
  );
}

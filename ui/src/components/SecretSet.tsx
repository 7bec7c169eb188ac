import type { components } from '@/api/schema';

export type SecretHint = components['schemas']['SecretHint'];

/** Says of a secret that it is there, and how it ends where the server tells: it is never shown. */
export function SecretSet({ ends }: { ends: string | null | undefined }) {
  if (ends == null) return <>Saved. It is never shown again.</>;
  return (
    <>
      Saved, ends <code className="bt-outside">…{ends}</code>
    </>
  );
}

/** How a secret ends; `undefined` for one that is not there or too short to tell. */
export function endOfSecret(secrets: readonly SecretHint[] | undefined, name: string): string | undefined {
  return secrets?.find((one) => one.name === name)?.ends ?? undefined;
}

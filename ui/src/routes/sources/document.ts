import type { JsonObject } from '@/api/merge-patch';
import type { Source } from '@/api/sources';

/** A source as its form has it. */
export interface Draft {
  name: string;
  allowed_origins: readonly string[];
  require_signature: boolean;
  rate_limit: string;
  wait: string;
  disabled: boolean;
}

export function toDraft(doc: Source): Draft {
  return {
    name: doc.name,
    allowed_origins: doc.allowed_origins ?? [],
    require_signature: doc.require_signature ?? false,
    rate_limit: doc.rate_limit ?? '',
    wait: doc.wait ?? '',
    disabled: doc.disabled ?? false,
  };
}

export function toInput(draft: Draft): JsonObject {
  return {
    name: draft.name.trim(),
    allowed_origins: draft.allowed_origins,
    require_signature: draft.require_signature,
    rate_limit: draft.rate_limit === '' ? null : draft.rate_limit,
    wait: draft.wait === '' ? null : draft.wait,
    disabled: draft.disabled,
  };
}

/** The origin of what was typed or pasted: `https://a.example/page` is `https://a.example`. */
export function originOf(text: string): string {
  const trimmed = text.trim();
  try {
    const url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`);
    return url.origin === 'null' ? trimmed : url.origin;
  } catch {
    return trimmed;
  }
}

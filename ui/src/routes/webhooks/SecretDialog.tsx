import { SecretDialog as Dialog } from '@/components/SecretDialog';

/** The one time a webhook's secret is seen. */
export function SecretDialog({ title, secret, onClose }: { title: string; secret: string; onClose: () => void }) {
  return (
    <Dialog
      title={title}
      intro="Your receiver checks with it that a call is Baton’s: every request is signed (Standard Webhooks, and X-LeadsBot-Signature)."
      what="signing secret"
      secret={secret}
      onClose={onClose}
    />
  );
}

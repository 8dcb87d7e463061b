import type { ReactNode } from "react";
import { CodeBlock, Notice, SecretDialog } from "@/kit";

const VERIFY = `from standardwebhooks import Webhook

# The raw bytes of the body; raises where they are not ours.
event = Webhook(secret).verify(body, headers)`;

/** The secret of an endpoint, this once, and how a receiver uses it. */
export function SecretShown({ title, secret, publicKey, warning, onClose, children }: { title: string; secret: string; publicKey: string | null; warning: string | null; onClose: () => void; children?: ReactNode }) {
  return (
    <SecretDialog title={title} secret={secret} what="the secret" onClose={onClose}>
      {warning ? <Notice tone="warn">{warning}</Notice> : null}
      {children}
      {publicKey ? <CodeBlock label="Public key, for v1a" code={publicKey} wrap /> : null}
      <CodeBlock label="Verify what arrives" code={VERIFY} wrap />
    </SecretDialog>
  );
}

import { type ReactNode, useState } from "react";
import { Button } from "./Button";
import { SecretOnce } from "./Copy";
import { Dialog } from "./Dialog";

/** Shows a secret this once. Until it is copied, or somebody says that they have it, neither Escape nor a click beside it closes the dialog. */
export function SecretDialog({ title, secret, what, done = "I have it", onDone, onClose, children }: { title: string; secret: string; what: string; /** Says that one has it. */ done?: string; onDone?: () => void; onClose: () => void; children?: ReactNode }) {
  const [copied, setCopied] = useState(false);
  const [warned, setWarned] = useState(false);
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={title}
      onHeld={copied ? undefined : () => setWarned(true)}
      footer={
        <Button variant="primary" onClick={onDone ?? onClose}>
          {done}
        </Button>
      }
    >
      <SecretOnce secret={secret} what={what} onCopied={() => setCopied(true)}>
        {warned && !copied ? (
          <p role="alert" className="text-13 text-bad">
            Copy {what} first, or press “{done}”: once this closes it cannot be read again.
          </p>
        ) : null}
        {children}
      </SecretOnce>
    </Dialog>
  );
}

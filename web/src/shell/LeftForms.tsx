import { useState } from "react";
import { useSession } from "@/api/session";
import { forgetForm, useLeftForms } from "@/api/unsaved-forms";
import { Button } from "@/kit/Button";
import { CodeBlock } from "@/kit/Copy";
import { Dialog } from "@/kit/Dialog";

/** What somebody was writing in forms when their session ended by itself, their role changed or their browser let go of the page, to be copied. */
export function LeftForms() {
  const { user } = useSession();
  const forms = useLeftForms(user.id);
  const [shown, setShown] = useState<string | null>(null);
  const open = forms.find((one) => one.id === shown);
  const last = useLast(open);
  if (forms.length === 0 && !last) return null;
  const throwAway = (id: string) => {
    setShown(null);
    forgetForm(id);
  };
  return (
    <>
      {forms.map((one) => (
        <div key={one.id} role="status" className="flex flex-wrap items-center justify-between gap-2 border-b border-line bg-warn-soft px-4 py-2 text-13 md:px-8">
          <span className="min-w-0 wrap-break-word">{one.keptAt ? "This page was loaded anew" : one.isOfRole ? "Your role changed" : "Your session ended"} while you were writing in “{one.title}”. What you wrote can be copied.</span>
          <span className="flex gap-2">
            <Button size="s" onClick={() => setShown(one.id)}>
              Show what you wrote
            </Button>
            <Button size="s" onClick={() => throwAway(one.id)}>
              Throw it away
            </Button>
          </span>
        </div>
      ))}
      <Dialog
        open={open !== undefined}
        onOpenChange={() => setShown(null)}
        title={`What stood in “${last?.title ?? ""}”`}
        description="Copy what you need, or open the form again and put it back there. Passwords and keys were not kept."
        footer={
          <>
            <Button onClick={() => (open ? throwAway(open.id) : undefined)}>Throw it away</Button>
            <Button variant="primary" onClick={() => setShown(null)}>
              Close
            </Button>
          </>
        }
      >
        <div className="flex flex-col gap-3">
          {last?.fields
            .filter(({ text }) => text.trim() !== "")
            .map((field) => (
              <CodeBlock key={field.key} label={field.label} code={field.text} wrap />
            ))}
        </div>
      </Dialog>
    </>
  );
}

/** What was there last, while the dialog about it closes. */
function useLast<T>(now: T | undefined): T | undefined {
  const [last, setLast] = useState(now);
  if (now !== undefined && now !== last) setLast(now);
  return now ?? last;
}

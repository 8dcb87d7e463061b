import { useState } from "react";
import type { Schema } from "@/api/client";
import { useChange } from "@/api/hooks";
import { Button, Diff, Dialog, FormError, Notice, toast } from "@/kit";
import { count, percent } from "@/lib/format";

type Shorter = Schema<"CompressionAnswer">;

/** Takes filler and repetition out of a version, by rules; nothing is saved until one has seen it. */
export function Shorten({ slug, version, onClose, onSaved }: { slug: string; version: number; onClose: () => void; onSaved: (version: number) => void }) {
  const [found, setFound] = useState<Shorter | null>(null);
  const shorten = useChange("post", "/v1/prompts/{slug}/versions/{version}/compress", { invalidates: ["/v1/prompts"] });
  const ask = (save: boolean) =>
    shorten.mutate(
      { path: { slug, version }, body: { method: "rules", save, message: save ? `v${version}, shorter` : "", model: null } },
      {
        onSuccess: (answer) => {
          setFound(answer);
          if (!save || answer.new_version === null) return;
          onClose();
          toast(`v${answer.new_version} is saved: ${count(answer.tokens_saved)} tokens less`);
          onSaved(answer.new_version);
        },
      },
    );
  return (
    <Dialog wide open onOpenChange={(open) => !open && !shorten.isPending && onClose()} title={`Shorten v${version}`} description="Filler and what is said twice goes. Variables, locked blocks and rules stay as they are. Test it before it goes live: shorter is not better by itself.">
      {found === null ? (
        <div className="flex flex-col gap-3">
          <FormError error={shorten.error} />
          <div className="flex justify-end">
            <Button variant="primary" busy={shorten.isPending} onClick={() => ask(false)}>
              Show what would go
            </Button>
          </div>
        </div>
      ) : (
        <div className="flex flex-col gap-4">
          <Notice tone={found.tokens_saved > 0 ? "ok" : "neutral"} title={found.tokens_saved > 0 ? `${count(found.tokens_saved)} of ${count(found.tokens_before)} tokens less (${percent(found.saved_percent / 100, 0)}).` : "There is nothing to take out."}>
            {found.tokens_saved > 0 ? "Estimated." : "No filler and nothing said twice was found."}
          </Notice>
          {found.texts.filter((one) => one.before !== one.after).map((one) => (
            <Diff key={one.where} label={one.where} before={one.before} after={one.after} beforeName={`v${version}`} afterName="shorter" />
          ))}
          <FormError error={shorten.error} />
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>Close</Button>
            {found.tokens_saved > 0 ? (
              <Button variant="primary" busy={shorten.isPending} onClick={() => ask(true)}>
                Save as the next version
              </Button>
            ) : null}
          </div>
        </div>
      )}
    </Dialog>
  );
}

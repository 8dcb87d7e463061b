import { useState } from "react";
import { useRead } from "@/api/hooks";
import { useAuthors } from "@/api/authors";
import { Button, Dialog, Loaded, RelativeTime, Section, Segments } from "@/kit";
import { Comparison } from "./Comparison";
import { type Content, type Version, contentOf, inWords, meetingOf, mergedOnto, nameOf } from "./content";
import type { Draft } from "./draft";

/** Somebody saved while one was writing: what they changed, and how both come together. Nothing is overwritten unseen. */
export function NewerVersion({ slug, version, draft, open, onOpenChange }: { slug: string; version: number; draft: Draft; open: boolean; onOpenChange: (open: boolean) => void }) {
  const found = useRead("/v1/prompts/{slug}/versions/{version}", { path: { slug, version } }, { enabled: open, staleTime: Number.POSITIVE_INFINITY });
  return (
    <Dialog wide open={open} onOpenChange={onOpenChange} title={`v${version} was saved while you edited v${draft.base.version}`}>
      <Loaded of={found}>{(newest) => <Meeting newest={newest} draft={draft} onDone={() => onOpenChange(false)} />}</Loaded>
    </Dialog>
  );
}

function Meeting({ newest, draft, onDone }: { newest: Version; draft: Draft; onDone: () => void }) {
  const nameOfAuthor = useAuthors();
  const [theirs, setTheirs] = useState<ReadonlySet<string>>(new Set());
  const [base, now] = [contentOf(draft.base), contentOf(newest)];
  const { conflicts, merged } = meetingOf(base, now, draft.content);
  const goOn = () => {
    draft.start(newest, mergedOnto(base, now, draft.content, theirs));
    onDone();
  };
  const choose = (part: string, isTheirs: boolean) => {
    const next = new Set(theirs);
    if (isTheirs) next.add(part);
    else next.delete(part);
    setTheirs(next);
  };
  return (
    <div className="flex flex-col gap-5">
      <p className="text-13 text-muted">
        {nameOfAuthor(newest.author)}, <RelativeTime at={newest.created_at} />
        {newest.message ? `: ${newest.message}` : ""}
      </p>
      <Section title={`What v${newest.version} changed`}>
        <Comparison before={base} after={now} beforeName={`v${draft.base.version}`} afterName={`v${newest.version}`} />
      </Section>
      {merged.length > 0 ? <p className="text-13">{`${merged.map(nameOf).join(", ")}: both of you changed it, in different lines. Both changes are kept.`}</p> : null}
      {conflicts.length > 0 ? (
        <Section title="Both changed" description="Choose whose to go on with; you can still edit it afterwards.">
          {conflicts.map((part) => (
            <div key={part} className="flex flex-col gap-2">
              <div className="flex flex-wrap items-center justify-between gap-2">
                <span className="text-13 font-medium">{nameOf(part)}</span>
                <Segments
                  label={`Whose: ${nameOf(part)}`}
                  value={theirs.has(part) ? "theirs" : "mine"}
                  onChange={(whose) => choose(part, whose === "theirs")}
                  options={[
                    { value: "mine", label: "Mine" },
                    { value: "theirs", label: `v${newest.version}` },
                  ]}
                />
              </div>
              <Apart part={part} newest={now} draft={draft.content} name={`v${newest.version}`} />
            </div>
          ))}
        </Section>
      ) : merged.length > 0 ? null : (
        <p className="text-13">You changed other things: nothing of yours or of v{newest.version} is lost.</p>
      )}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onClick={onDone}>Not now</Button>
        <Button variant="primary" onClick={goOn}>
          Go on over v{newest.version}
        </Button>
      </div>
    </div>
  );
}

function Apart({ part, newest, draft, name }: { part: string; newest: Content; draft: Content; name: string }) {
  if (part.startsWith("messages")) {
    const index = /\[(\d+)\]/.exec(part)?.[1];
    const only = (content: Content): Content => ({ model: "", messages: index === undefined ? content.messages : content.messages.slice(Number(index), Number(index) + 1) });
    return <Comparison before={only(newest)} after={only(draft)} beforeName={name} afterName="yours" />;
  }
  return (
    <p className="font-mono text-12 wrap-anywhere">
      {name}: {inWords(part, newest[part]) ?? "not set"} · yours: {inWords(part, draft[part]) ?? "not set"}
    </p>
  );
}

import { useAuthors } from "@/api/authors";
import { useRead } from "@/api/hooks";
import { Badge, Drawer, Facts, Loaded, Prose, RelativeTime, Section, SimulatedBadge, TextLink } from "@/kit";
import { type Detail, type Item, REASONS, askedOf } from "./queue";

/** What was asked, part by part. */
export function Asked({ of }: { of: Detail }) {
  const asked = askedOf(of);
  if (asked.length === 0) return <p className="text-13 text-muted">Its text is not kept any more.</p>;
  return asked.map((one, at) => (
    <div key={at}>
      <p className="text-12 text-muted">{one.name}</p>
      <Prose plain text={one.text} />
    </div>
  ));
}

export function VerdictBadge({ of }: { of: Pick<Item, "verdict" | "expected"> }) {
  return <Badge tone={of.verdict === "good" ? "ok" : "bad"}>{of.verdict === "good" ? "good" : of.expected ? "corrected" : "bad"}</Badge>;
}

/** An answer that was decided: what was asked, what came, what was said of it, and by whom. */
export function DecidedDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const found = useRead("/v1/review/{review_id}", { path: { review_id: id } }, { enabled: id !== "" });
  const item = found.data?.id === id ? found.data : undefined;
  return (
    <Drawer open={id !== ""} onOpenChange={(open) => !open && onClose()} title="Decided answer" description={item ? <>Queued <RelativeTime at={item.added_at} /></> : null}>
      <Loaded of={{ ...found, data: item }}>{(one) => <Content item={one} />}</Loaded>
    </Drawer>
  );
}

function Content({ item }: { item: Detail }) {
  const nameOf = useAuthors();
  return (
    <div className="flex flex-col gap-6">
      <Facts
        facts={[
          ["Verdict", <VerdictBadge key="verdict" of={item} />],
          item.decided_by !== null && ["Decided by", nameOf(item.decided_by)],
          item.decided_at !== null && ["Decided", <RelativeTime key="at" at={item.decided_at} />],
          ["Why it was queued", item.reasons.map((one) => REASONS[one]).join(", ")],
          item.note !== null && ["Note", item.note],
          item.prompt !== null && ["Prompt", <TextLink key="prompt" to={`/prompts/${item.prompt}`}>{`${item.prompt} v${item.version ?? "?"}`}</TextLink>],
          ["Model", <code key="model" className="text-12">{item.model}</code>],
          item.dataset_id !== null && item.dataset_item_id !== null && ["Kept", <TextLink key="kept" to={`/datasets/${item.dataset_id}`} search={{ item: item.dataset_item_id }}>as an item of a dataset</TextLink>],
          ["Run", <TextLink key="run" to={`/runs/${item.execution_id}`}>Open the run</TextLink>],
        ]}
      />
      <Section title="Asked" actions={item.simulated ? <SimulatedBadge /> : null}>
        <Asked of={item} />
      </Section>
      <Section title="Answered">{item.output === null ? <p className="text-13 text-muted">Its text is not kept any more.</p> : <Prose text={item.output} />}</Section>
      {item.expected === null ? null : (
        <Section title="What would have been right">
          <Prose text={item.expected} />
        </Section>
      )}
    </div>
  );
}

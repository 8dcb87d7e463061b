import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Copy } from "lucide-react";
import { useState } from "react";
import { invalidate, useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, ConfirmDialog, CopyButton, Duration, Facts, Figures, Loaded, Money, Page, Percent, Prose, RelativeTime, Section, SimulatedBadge, TextLink, toast } from "@/kit";
import { count, duration, percent, percentRange, plural } from "@/lib/format";
import { usePathParam } from "@/lib/pages";
import { ClonePrompt } from "./ClonePrompt";
import { type Entry, VISIBILITIES, settingsOf, textsOf } from "./model";

export default function LibraryEntryPage() {
  const id = usePathParam("id");
  const found = useRead("/v1/marketplace/{entry_id}", { path: { entry_id: id } });
  const entry = found.data?.id === id ? found.data : undefined;
  return (
    <Page
      title={entry?.name ?? "Library entry"}
      back={{ to: "/library", label: "Library" }}
      heading={
        entry ? (
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            {entry.name}
            <span className="flex flex-wrap gap-1.5 tracking-normal">
              {entry.is_own ? <Badge tone="accent">ours</Badge> : null}
              <Badge>{VISIBILITIES[entry.visibility].toLowerCase()}</Badge>
              {entry.figures.simulated ? <SimulatedBadge /> : null}
            </span>
          </span>
        ) : undefined
      }
      subtitle={entry ? <span className="block max-w-[72ch]">{entry.description || entry.use_case}</span> : undefined}
      actions={entry ? <Acts entry={entry} /> : null}
    >
      <Loaded of={{ ...found, data: entry }}>{(one) => <Content entry={one} />}</Loaded>
    </Page>
  );
}

function Acts({ entry }: { entry: Entry }) {
  const may = useMay();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [act, setAct] = useState<"clone" | "withdraw" | null>(null);
  const withdraw = useChange("delete", "/v1/marketplace/{entry_id}");
  const send = () =>
    withdraw.mutate(
      { path: { entry_id: entry.id } },
      {
        onSuccess: () => {
          toast(`${entry.name} is withdrawn; clones stay`);
          // Read anew only once this page is left: here it would be read too, and not found.
          void navigate({ to: "/library" }).then(() => invalidate(queries, ["/v1/marketplace"]));
        },
      },
    );
  return (
    <>
      {entry.is_own ? (
        <Button onClick={() => setAct("withdraw")} disabled={!may.editPrompts} why={needs("editor")}>
          Withdraw
        </Button>
      ) : null}
      <Button variant="primary" icon={<Copy size={14} aria-hidden />} onClick={() => setAct("clone")} disabled={!may.editPrompts} why={needs("editor")}>
        Clone
      </Button>
      {act === "clone" ? <ClonePrompt entry={entry} onClose={() => setAct(null)} /> : null}
      <ConfirmDialog open={act === "withdraw"} onOpenChange={(open) => !open && setAct(null)} title={`Withdraw ${entry.name}?`} submit="Withdraw" onSubmit={send} busy={withdraw.isPending} error={withdraw.error}>
        Nobody finds it any more. {entry.clones > 0 ? `${plural(entry.clones, "clone")} of it ${entry.clones === 1 ? "stays" : "stay"}, with what their lineage says.` : "It was never cloned."} It can be published again.
      </ConfirmDialog>
    </>
  );
}

function Content({ entry }: { entry: Entry }) {
  const { figures } = entry;
  const liked = figures.satisfaction;
  const settings = settingsOf(entry.content);
  const texts = textsOf(entry.content as { messages: Record<string, unknown>[] });
  return (
    <div className="flex flex-col gap-6">
      <div className="flex flex-col gap-2">
        <Figures
          figures={[
            { label: "Satisfaction", value: <Percent share={liked?.value} />, note: liked ? `${percentRange(liked.low, liked.high)}, n ${count(liked.samples)}` : "nobody said" },
            { label: "Success", value: percent(figures.success_rate), note: plural(figures.executions, "run") },
            { label: "Median latency", value: <Duration ms={figures.p50_ms} />, note: figures.p95_ms === null ? "" : `95th percentile ${duration(figures.p95_ms)}` },
            { label: "Cost of a call", value: <Money nusd={figures.mean_cost_nusd} />, note: "mean" },
            { label: "Clones", value: count(entry.clones), note: "" },
          ]}
        />
        <p className="text-12 text-muted">
          Its publisher's live traffic{entry.measured_at ? <>, taken <RelativeTime at={entry.measured_at} /></> : ""}. A reason to try it, no proof that it suits yours: run it on a dataset of your own first.
        </p>
      </div>
      <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,2fr)_minmax(16rem,1fr)]">
        <Section title="Text">
          <ol aria-label="Messages" className="flex flex-col gap-3">
            {texts.map((message, index) => (
              <li key={index} className="rounded-m border border-line bg-panel">
                <p className="flex h-8 items-center justify-between border-b border-line pr-1 pl-3 text-12 text-muted">
                  {message.role}
                  <CopyButton text={message.text} label={`Copy the ${message.role} message`} />
                </p>
                <div className="px-3 py-2.5">
                  <Prose text={message.text} mono />
                </div>
              </li>
            ))}
          </ol>
          {entry.example ? (
            <div className="mt-2 flex flex-col gap-1">
              <h3 className="text-13 font-medium">An example of its use</h3>
              <Prose text={entry.example} plain />
            </div>
          ) : null}
        </Section>
        <Section title="About it" framed>
          <Facts
            facts={[
              ["From", entry.publisher],
              ["Prompt", entry.is_own ? <TextLink key="own" to={`/prompts/${entry.slug}`}>{`${entry.slug} v${entry.version}`}</TextLink> : `${entry.slug} v${entry.version}`],
              ["Model", <code key="model" className="text-12">{entry.model}</code>],
              ...settings.map(([name, value]) => [name, <code key={name} className="text-12">{value}</code>] as const),
              entry.use_case !== "" && entry.use_case !== entry.description && ["For", entry.use_case],
              entry.categories.length > 0 && ["Categories", <Words key="categories" words={entry.categories} name="category" />],
              entry.tags.length > 0 && ["Tags", <Words key="tags" words={entry.tags} name="tag" />],
              ["Published", <RelativeTime key="at" at={entry.published_at} />],
            ]}
          />
        </Section>
      </div>
    </div>
  );
}

function Words({ words, name }: { words: readonly string[]; name: "category" | "tag" }) {
  return (
    <span className="flex flex-wrap gap-x-2">
      {words.map((one) => (
        <TextLink key={one} to="/library" search={{ [name]: one }}>
          {one}
        </TextLink>
      ))}
    </span>
  );
}

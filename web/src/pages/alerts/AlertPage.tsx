import { BellOff, Check, WandSparkles } from "lucide-react";
import { useState } from "react";
import type { Schema } from "@/api/client";
import { useAuthors } from "@/api/authors";
import { useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { XYChart } from "@/chart";
import { Badge, Button, ButtonLink, type Column, ErrorState, Facts, Notice, Page, RelativeTime, Section, SimulatedBadge, SkeletonTable, StatusBadge, Table, TextLink, toast, toastError } from "@/kit";
import { classes } from "@/lib/classes";
import { moment, spaced } from "@/lib/format";
import { usePathParam } from "@/lib/pages";
import { mailTrouble } from "../team/mail";
import { MuteDialog } from "./MuteDialog";
import { type Comparison, KIND_WORDS, SEVERITY_TONES, besideTarget, changesOf, comparisonOf, limitOf, moveOf, placeOf, seriesOf, unitOf } from "./words";

type Detail = Schema<"AlertDetail">;
const DAY_MS = 86_400_000;

export default function AlertPage() {
  const id = usePathParam("id");
  const found = useRead("/v1/alerts/{alert_id}", { path: { alert_id: id } });
  const may = useMay();
  const [muting, setMuting] = useState(false);
  const acknowledge = useChange("post", "/v1/alerts/{alert_id}/acknowledge", { invalidates: ["/v1/alerts"] });
  const back = { to: "/alerts", label: "Alerts" };
  if (!found.data) {
    return (
      <Page title="Alert" back={back}>
        {found.error ? <ErrorState error={found.error} onRetry={() => void found.refetch()} /> : <SkeletonTable columns={3} />}
      </Page>
    );
  }
  const alert = found.data;
  const place = placeOf(alert);
  return (
    <Page
      title={place ? `${KIND_WORDS[alert.kind]}: ${place}` : KIND_WORDS[alert.kind]}
      heading={<span className="text-20">{KIND_WORDS[alert.kind]}</span>}
      back={back}
      subtitle={
        <span className="flex flex-wrap items-center gap-2">
          {place ? <span className="font-mono text-13">{place}</span> : null}
          {alert.version ? <Badge>v{alert.version}</Badge> : null}
          <Badge tone={SEVERITY_TONES[alert.severity]}>{alert.severity}</Badge>
          {alert.status === "open" ? <Badge tone="bad">open</Badge> : <StatusBadge status={alert.status} />}
          {alert.muted ? <Badge>muted</Badge> : null}
          {alert.simulated ? <SimulatedBadge /> : null}
          <span className="text-13">
            raised <RelativeTime at={alert.raised_at} />
          </span>
        </span>
      }
      actions={
        <>
          {alert.kind === "model" && alert.changed["successor"] ? (
            <ButtonLink to="/optimize/migrations" search={{ new: "1", model: String(alert.changed["model"]), successor: String(alert.changed["successor"]) }} off={!may.edit && needs("editor")}>
              Move its prompts
            </ButtonLink>
          ) : null}
          {isAboutAnswers(alert) ? (
            <ButtonLink to="/optimize" search={{ prompt: alert.prompt ?? "", start: true }} icon={<WandSparkles size={14} aria-hidden />} off={may.held ?? (!may.edit && needs("editor"))}>
              Search for a better version
            </ButtonLink>
          ) : null}
          <Button icon={<BellOff size={14} aria-hidden />} onClick={() => setMuting(true)} disabled={!may.edit} why={needs("editor")}>
            Mute
          </Button>
          {alert.status === "open" ? (
            <Button
              variant="primary"
              icon={<Check size={14} aria-hidden />}
              busy={acknowledge.isPending}
              disabled={!may.edit}
              why={needs("editor")}
              onClick={() => acknowledge.mutate({ path: { alert_id: id } }, { onSuccess: () => toast("Acknowledged: the alert stays until its cause is over"), onError: toastError })}
            >
              Acknowledge
            </Button>
          ) : null}
        </>
      }
    >
      <p className="max-w-[80ch] text-16 text-pretty">{spaced(alert.summary)}</p>
      <div className="grid grid-cols-1 gap-5 lg:grid-cols-[minmax(0,1fr)_24rem]">
        <div className="flex min-w-0 flex-col gap-5">
          <Chart alert={alert} />
          {alert.kind === "target" ? (
            <Section title="Beside its target" framed>
              <Table label="Beside its target" columns={TARGET_COLUMNS} rows={besideTarget(alert)} rowKey={(row) => row.field} />
            </Section>
          ) : (
            <Section title="Before and after" framed>
              <Table label="Before and after" columns={COLUMNS} rows={comparisonOf(alert)} rowKey={(row) => row.field} />
            </Section>
          )}
        </div>
        <div className="flex min-w-0 flex-col gap-5">
          <Changed alert={alert} />
          <Timeline alert={alert} />
        </div>
      </div>
      <MuteDialog open={muting} onOpenChange={setMuting} kind={alert.kind} prompt={alert.prompt} />
    </Page>
  );
}

/** What a search can make better, for as long as it goes on. */
const isAboutAnswers = ({ prompt, metric, status }: Detail) => prompt !== null && (metric === "satisfaction" || metric === "quality") && status !== "resolved";

const COLUMNS: Column<Comparison>[] = [
  { key: "name", head: "Figure", cell: (row) => row.name },
  { key: "before", head: "Before", align: "end", width: "w-32", cell: (row) => row.before || <span className="text-muted">–</span> },
  { key: "after", head: "After", align: "end", width: "w-32", cell: (row) => <After of={row} /> },
];

const TARGET_COLUMNS = COLUMNS.map((column) => ({ ...column, head: column.key === "before" ? "Target" : column.key === "after" ? "Measured" : column.head }));

function After({ of: { after, interval } }: { of: Comparison }) {
  if (!after) return <span className="text-muted">–</span>;
  return (
    <span title={interval ? `95 % interval ${interval}` : undefined}>
      {after}
      {interval ? <span className="block text-12 text-muted">{interval}</span> : null}
    </span>
  );
}

const TITLES: Record<string, string> = { satisfaction: "Satisfaction", error_rate: "Failed calls", latency: "Latency", cost: "Cost", quality: "Score" };

function Chart({ alert }: { alert: Detail }) {
  if (alert.chart.length === 0) return null;
  const raised = Date.parse(alert.raised_at);
  const words = unitOf(alert.metric);
  const target = limitOf(alert);
  return (
    <section>
      <h2 className="sr-only">Over the time</h2>
      <XYChart
        title={TITLES[alert.metric] ?? alert.metric}
        unit={words.unit}
        series={seriesOf(alert.chart, [raised - DAY_MS, Math.min(Date.now(), raised + DAY_MS)])}
        format={words.format}
        formatTick={words.tick}
        range={words.range}
        reference={target !== null ? { value: target, label: `target ${words.format(target)}` } : undefined}
        annotations={[{ x: raised, label: "The alert was raised", tone: "bad" }, ...(alert.resolved_at ? [{ x: Date.parse(alert.resolved_at), label: "It was over" }] : [])]}
        height={220}
      />
    </section>
  );
}

const NOTHING: Partial<Record<Detail["kind"], string>> = {
  degradation: "Nothing else changed at about that time: not the version, not the models, not how much is asked.",
  feedback_threshold: "It is measured against its target, not against a time before.",
  target: "It is measured against its target, not against a time before.",
};
const DETAILS: Record<string, string> = { "alert.raised": "it was raised", "alert.acknowledged": "it was acknowledged", "alert.resolved": "it is over", superseded: "something newer took its place", recovered: "it is as before again" };

function Changed({ alert }: { alert: Detail }) {
  const changes = changesOf(alert);
  const run = alert.changed["example_execution_id"];
  const move = moveOf(alert);
  const isOn = alert.status !== "resolved" && alert.label !== null && alert.version !== null;
  const of = useRead("/v1/prompts/{slug}", { path: { slug: alert.prompt ?? "" } }, { enabled: alert.prompt !== null && isOn });
  const now = (of.data?.labels as Record<string, number> | undefined)?.[alert.label ?? ""];
  // Rolled back once more it would leave the version that it came back to.
  const hasMoved = isOn && now !== undefined && now !== alert.version;
  return (
    <Section title="What changed" framed>
      {changes.length > 0 ? <Facts facts={changes} /> : <p className="text-13 text-muted">{NOTHING[alert.kind] ?? "It stands for itself: nothing else is compared."}</p>}
      {hasMoved ? (
        <Notice>
          {alert.label} names v{now} by now; this is about v{alert.version}. It ends by itself once that shows.
        </Notice>
      ) : null}
      <div className="flex flex-wrap gap-2">
        {alert.prompt ? (
          <>
            {move && alert.label && isOn && !hasMoved ? (
              <ButtonLink size="s" to={`/prompts/${alert.prompt}`} search={{ tab: "versions", label: alert.label }}>
                Roll back…
              </ButtonLink>
            ) : null}
            <ButtonLink size="s" to={`/prompts/${alert.prompt}`} search={{ tab: "versions", ...(move ? { v: String(move.to), against: String(move.from) } : alert.version ? { v: String(alert.version) } : {}) }}>
              {move ? "What differs" : alert.version ? "The version" : "Versions"}
            </ButtonLink>
            <ButtonLink size="s" to="/analytics" search={{ prompt: alert.prompt, group: "version", range: "7d" }}>
              Figures
            </ButtonLink>
            <ButtonLink size="s" to="/runs" search={{ prompt: alert.prompt }}>
              Runs
            </ButtonLink>
          </>
        ) : null}
        {typeof run === "string" ? (
          <ButtonLink size="s" to={`/runs/${run}`}>
            One of the runs
          </ButtonLink>
        ) : null}
        {isNamed(alert.changed["evaluator"]) ? (
          <ButtonLink size="s" to={`/evaluators/${alert.changed["evaluator"].id}`} search={{ tab: "scores" }}>
            The evaluator
          </ButtonLink>
        ) : null}
        {alert.kind === "provider" ? (
          <ButtonLink size="s" to="/runs" search={{ provider: String(alert.changed["provider"]) }}>
            Its runs
          </ButtonLink>
        ) : null}
        {alert.kind === "provider_key" || alert.kind === "provider" ? (
          <ButtonLink size="s" to="/providers">
            Provider keys
          </ButtonLink>
        ) : null}
        {alert.kind === "budget" || alert.kind === "credits" ? (
          <ButtonLink size="s" to={alert.kind === "budget" ? "/usage/budgets" : "/usage"}>
            {alert.kind === "budget" ? "Budgets" : "Usage and plan"}
          </ButtonLink>
        ) : null}
      </div>
    </Section>
  );
}

function isNamed(value: unknown): value is { id: string } {
  return typeof value === "object" && value !== null && "id" in value && typeof value.id === "string";
}

const STEPS: Record<Detail["timeline"][number]["what"], string> = {
  raised: "Raised", muted: "Muted: nobody is told", unmuted: "The mute was over", told: "Told", not_told: "Could not be told", optimization_started: "An optimization began", optimization_refused: "No optimization began", acknowledged: "Acknowledged", resolved: "Over",
}; // prettier-ignore
const BAD: ReadonlySet<string> = new Set(["raised", "not_told", "optimization_refused"]);

function Timeline({ alert }: { alert: Detail }) {
  const nameOf = useAuthors();
  return (
    <Section title="What happened" framed actions={alert.timeline.some((step) => step.what === "told" || step.what === "not_told") ? undefined : <TextLink to="/alerts/channels">Channels</TextLink>}>
      <ol className="flex flex-col gap-3 text-13">
        {alert.timeline.map((step) => (
          <li key={`${step.at} ${step.what} ${step.detail ?? ""}`} className="flex gap-3">
            <span aria-hidden data-drawn className={classes("mt-1.5 size-2 shrink-0 rounded-full", BAD.has(step.what) ? "bg-bad" : step.what === "resolved" ? "bg-ok" : "bg-line-strong")} />
            <span className="min-w-0">
              <span className="font-medium">{STEPS[step.what]}</span>
              {step.detail && step.what !== "raised" ? <span className="wrap-anywhere">{`: ${DETAILS[step.detail] ?? mailTrouble(step.detail)}`}</span> : null}
              <span className="block text-12 text-muted">
                {step.by && !step.by.startsWith("system:") ? `${nameOf(step.by)}, ` : null}
                {moment(step.at)}
              </span>
            </span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

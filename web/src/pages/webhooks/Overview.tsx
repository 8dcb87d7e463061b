import type { ReactNode } from "react";
import { useRead } from "@/api/hooks";
import { XYChart } from "@/chart";
import { After, Badge, Facts, Figures, Loaded, Notice, RelativeTime, Section, Segments, TextLink } from "@/kit";
import { count, decimal, duration, moment, percent, plural } from "@/lib/format";
import { oneOf, useUrlState } from "@/lib/url-state";
import type { Endpoint } from "./draft";
import { everyDay, reasonOf } from "./words";

const RANGES = ["7", "30", "90"] as const;
const shape = { days: oneOf(RANGES, "30") };

/** Attempts are whole: with fewer than these the axis would have marks between them. */
const FEW = 5;

/** How an endpoint does, and what it is set to. */
export function Overview({ endpoint }: { endpoint: Endpoint }) {
  const [{ days }, set] = useUrlState(shape);
  const found = useRead("/v1/webhooks/endpoints/{endpoint_id}/statistics", { path: { endpoint_id: endpoint.id }, query: { days: Number(days) } }, { refetchInterval: 10_000 });
  return (
    <div className="flex flex-col gap-6">
      <Loaded of={found}>
        {({ total, days: each, last_failure, last_filter_error }) => {
          const rows = everyDay(each, Number(days), Date.now());
          return (
            <>
              <Section title="What arrived" actions={<Segments label="Range" options={RANGES.map((value) => ({ value, label: `${value} days` }))} value={days} onChange={(next) => set({ days: next })} />}>
                <Figures
                  isStale={found.isPlaceholderData}
                  figures={[
                    { label: "Attempts that arrived", value: percent(total.success_share), note: plural(total.delivered + total.failed, "attempt") },
                    { label: "Failed", value: count(total.failed), note: last_failure ? <>last <RelativeTime at={last_failure.at} /></> : "none yet" },
                    { label: "Median answer", value: total.delivered === 0 && !last_failure?.status_code ? "–" : duration(total.p50_ms), note: total.delivered === 0 && !last_failure?.status_code ? "nothing answered yet" : total.p95_ms === null ? "" : `95th percentile ${duration(total.p95_ms)}` },
                    ...(endpoint.condition || total.filtered + total.filter_failed > 0
                      ? [{ label: "Kept back", value: count(total.filtered), note: total.filter_failed > 0 ? `${count(total.filter_failed)} not evaluable` : "by the condition" }]
                      : []),
                  ]}
                />
              </Section>
              {last_filter_error && total.filter_failed > 0 ? (
                <Notice tone="warn" title="The condition could not be evaluated:">
                  {last_filter_error}
                </Notice>
              ) : null}
              {last_failure ? (
                <Notice tone={endpoint.last_delivered_at && endpoint.last_delivered_at > last_failure.at ? "neutral" : "warn"} title="Last failure:" action={<TextLink to="." search={{ tab: "deliveries", delivery: last_failure.delivery_id }}>See the delivery</TextLink>}>
                  {last_failure.status_code === null ? reasonOf(last_failure.error_class) : `answered ${last_failure.status_code}`}, {moment(last_failure.at)}.
                </Notice>
              ) : null}
              <XYChart
                title="Attempts by day"
                unit="UTC"
                kind="bars"
                series={[
                  { name: "Arrived", color: 4, points: rows.map((one) => ({ x: one.at, value: one.delivered })) },
                  { name: "Failed", color: 1, points: rows.map((one) => ({ x: one.at, value: one.failed })) },
                ]}
                format={(value) => decimal(value, 0)}
                clock="utc"
                range={Math.max(...rows.map((one) => Math.max(one.delivered, one.failed))) < FEW ? [0, FEW] : undefined}
                isStale={found.isPlaceholderData}
                height={180}
              />
            </>
          );
        }}
      </Loaded>
      <After what={Boolean(found.data ?? found.error)}>
        <Section title="What it is told" framed>
          <Facts facts={factsOf(endpoint)} />
        </Section>
      </After>
    </div>
  );
}

function Words({ words, mono = true }: { words: readonly string[]; mono?: boolean }) {
  return (
    <span className="flex flex-wrap gap-1">
      {words.map((one) => (
        <Badge key={one} mono={mono}>
          {one}
        </Badge>
      ))}
    </span>
  );
}

function factsOf(endpoint: Endpoint): (readonly [string, ReactNode] | false)[] {
  const { filters, headers } = endpoint;
  return [
    ["Events", <Words key="events" words={endpoint.events.map((one) => (one === "*" ? "everything" : one))} />],
    (filters["prompts"]?.length ?? 0) > 0 && ["Only of prompts", <Words key="prompts" words={filters["prompts"] ?? []} />],
    (filters["labels"]?.length ?? 0) > 0 && ["Only with labels", <Words key="labels" words={filters["labels"] ?? []} />],
    endpoint.condition !== "" && ["Only where", <code key="condition" className="text-12 whitespace-break-spaces">{endpoint.condition}</code>],
    ...Object.entries(headers).map(([name, value]) => [`Header ${name}`, value === null ? <span key={name} className="text-muted">stored, not shown</span> : <code key={name} className="text-12">{value}</code>] as const),
    endpoint.throttle_per_minute !== null && ["Pace", `at most ${plural(endpoint.throttle_per_minute, "attempt")} a minute`],
    endpoint.ordered && ["Order", `of each object; waits up to ${duration((endpoint.order_wait_s ?? 0) * 1000)} behind a failing event`],
    endpoint.include.length > 0 && ["Texts in the body", <Words key="include" words={endpoint.include} mono={false} />],
    endpoint.public_key !== null && ["Public key", <code key="key" className="text-12 break-all">{endpoint.public_key}</code>],
    !!endpoint.previous_secret_expires_at && ["Old secret", `signs too until ${moment(endpoint.previous_secret_expires_at)}`],
    ["Made", moment(endpoint.created_at)],
    endpoint.last_delivered_at !== null && ["Last delivered", moment(endpoint.last_delivered_at)],
  ];
}

import { useState } from "react";
import { useAuthors } from "@/api/authors";
import { useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { Badge, Button, type Column, Facts, Loaded, Money, Notice, RelativeTime, Section, SimulatedBadge, Table, TextLink, toast, toastError } from "@/kit";
import { count, decimal, duration, percent, plural, utc } from "@/lib/format";
import { EditModel } from "./EditModel";
import { RemoveModel } from "./RemoveModel";
import { RetireModel } from "./RetireModel";
import { PRICES, type PriceRow, type Tier, type WholeModel, priceOf, saidOf, standing } from "./model";

/** Everything that is said of one model, with what can be done about it. */
export function ModelDetails({ id, onRemoved }: { id: string; onRemoved: () => void }) {
  const found = useRead("/v1/models/{model}", { path: { model: id } });
  const model = found.data as WholeModel | undefined;
  return <Loaded of={{ ...found, data: found.isPlaceholderData ? undefined : model }}>{(one) => <Whole model={one} onRemoved={onRemoved} />}</Loaded>;
}

function Whole({ model, onRemoved }: { model: WholeModel; onRemoved: () => void }) {
  const may = useMay();
  const [doing, setDoing] = useState<"edit" | "retire" | "remove" | null>(null);
  const isOwn = model.scope === "workspace";
  const stands = standing(model);
  const mayEdit = isOwn ? may.edit : may.operator;
  const prices = useRead("/v1/models/{model}/prices", { path: { model: model.id } }, { enabled: model.price_version !== null });
  const rows = (prices.data as { data?: PriceRow[] } | undefined)?.data ?? [];
  const said = saidOf(model, rows);
  const isKnown = model.price_version === null || !prices.isPending;
  return (
    <div className="flex min-w-0 flex-col gap-6">
      <div className="flex flex-wrap items-center gap-2">
        <Button size="s" onClick={() => setDoing("edit")} disabled={!mayEdit || !isKnown} why={mayEdit ? "Its prices are being read." : isOwn ? needs("editor") : "The operator of this installation describes it for everybody. A model of your own with the same name stands for it here."}>
          {isOwn ? "Change it" : "Change it for everybody"}
        </Button>
        <Button size="s" onClick={() => setDoing("retire")} disabled={!mayEdit || model.retired_at !== null} why={model.retired_at ? "It is retired already." : isOwn ? needs("editor") : needs("operator")}>
          Retire it…
        </Button>
        {isOwn ? (
          <Button size="s" onClick={() => setDoing("remove")} disabled={!mayEdit} why={needs("editor")}>
            Remove it…
          </Button>
        ) : null}
        {model.simulated ? <SimulatedBadge /> : null}
      </div>
      {stands ? (
        <Notice tone={stands.tone === "bad" ? "bad" : "warn"} title={`${stands.word.charAt(0).toUpperCase()}${stands.word.slice(1)}.`}>
          {model.retired_at && isOwn ? "Calls of it are refused. Adding a model of the same name brings it back." : model.price_version === null ? "It is listed and refused: what it costs must be known before it is asked." : ""}
          {model.successor ? <> {model.successor} takes its place.</> : null}
        </Notice>
      ) : null}
      <Facts
        facts={[
          ["Provider", model.provider],
          ["Its name there", <code key="u" className="text-12 wrap-anywhere">{model.upstream_model}</code>],
          ["Whose it is", isOwn ? "this workspace’s own" : "everybody’s here, described by the operator"],
          ["Context", `${count(model.context_tokens)} tokens`],
          ["Longest answer", `${count(model.output_tokens)} tokens`],
          ["Can", (model.capabilities ?? []).length > 0 ? <span key="c" className="flex flex-wrap gap-1">{(model.capabilities ?? []).map((one) => <Badge key={one}>{one}</Badge>)}</span> : "nothing was said"],
          model.preferred_for.length > 0 ? ["Preferred for", model.preferred_for.join(", ")] : null,
          ["When it fails", model.fallback_model ? `${model.fallback_model} is asked` : "nobody else is asked, unless version or call say so"],
          model.successor ? ["Its successor", model.successor] : null,
          model.sunset_at ? ["Its provider ends it", utc(model.sunset_at)] : null,
          ["Last tested", model.last_tested_at ? <RelativeTime key="t" at={model.last_tested_at} /> : "in no test run yet"],
          model.notes ? ["Notes", model.notes] : null,
        ]}
      />
      <Scores model={model} mayEdit={isOwn && may.edit} />
      <Prices model={said} rows={rows} />
      <p className="text-13 text-muted">
        Prompts move to another model, measured item by item, under <TextLink to="/optimize/migrations">Model moves</TextLink>; which model answers whom, rules say under <TextLink to="/routing">Routing</TextLink>.
      </p>
      {doing === "edit" ? <EditModel model={said} onClose={() => setDoing(null)} /> : null}
      {doing === "remove" ? <RemoveModel model={said} onClose={() => setDoing(null)} onRemoved={onRemoved} /> : null}
      {doing === "retire" ? <RetireModel model={said} onClose={() => setDoing(null)} /> : null}
    </div>
  );
}

/** What routing goes by, beside what was measured of the workspace's own calls. */
function Scores({ model, mayEdit }: { model: WholeModel; mayEdit: boolean }) {
  const take = useChange("patch", "/v1/models/{model}", { invalidates: ["/v1/models"] });
  const { measured_reliability: reliability, measured_latency_ms: latency, measured_executions: calls } = model;
  const from = (source: string) => (source ? <span className="text-muted"> · {source}</span> : null);
  const isNew = reliability !== null && reliability !== undefined && (reliability !== model.reliability_score || latency !== model.latency_ms);
  const send = () => take.mutate({ path: { model: model.id }, body: { reliability_score: reliability, reliability_source: "measured", latency_ms: latency, latency_source: "measured" } as never }, { onSuccess: () => toast("Routing goes by them"), onError: toastError });
  return (
    <Section
      title="What routing goes by"
      description="A score that nobody gave does not meet a requirement."
      actions={
        mayEdit && isNew ? (
          <Button size="s" busy={take.isPending} onClick={send}>
            Take over what was measured
          </Button>
        ) : null
      }
    >
      <Facts
        facts={[
          ["Quality", <span key="q">{model.quality_score === null ? "nobody said" : decimal(model.quality_score)}{from(model.quality_source)}</span>],
          ["Reliability", <span key="r">{model.reliability_score === null ? "nobody said" : percent(model.reliability_score)}{from(model.reliability_source)}</span>],
          ["Half of the calls take", <span key="l">{model.latency_ms === null ? "nobody said" : `at most ${duration(model.latency_ms)}`}{from(model.latency_source)}</span>],
          ["Of equally dear ones", `the lower number goes first; this is ${model.priority}`],
          ["Measured, 7 days", calls ? `${percent(reliability)} of ${count(calls)} calls succeeded, half in ${duration(latency)}` : "no calls"],
        ]}
      />
    </Section>
  );
}

function Prices({ model, rows }: { model: WholeModel; rows: readonly PriceRow[] }) {
  const nameOf = useAuthors();
  const columns: Column<PriceRow>[] = [
    {
      key: "since",
      head: "Since",
      cell: (row) => (
        <span className="flex flex-wrap items-center gap-x-2 py-1">
          <RelativeTime at={row.set_at} />
          {row.price_version === model.price_version ? <Badge tone="ok">now</Badge> : null}
          {tiersIn(row) > 0 ? <span className="text-12 text-muted">with {plural(tiersIn(row), "other price")}</span> : null}
        </span>
      ),
    },
    { key: "in", head: "Input", align: "end", width: "w-24", cell: (row) => <Money nusd={priceOf(row, "input_price_nusd_per_million")} /> },
    { key: "out", head: "Output", align: "end", width: "w-24", cell: (row) => <Money nusd={priceOf(row, "output_price_nusd_per_million")} /> },
    { key: "by", head: "By", width: "w-36", hideBelow: "sm", cell: (row) => <span className="text-muted wrap-anywhere">{row.set_by.startsWith("user:") || row.set_by.startsWith("api_key:") ? nameOf(row.set_by) : "the operator"}</span> },
  ];
  return (
    <Section title="Prices" description="For a million tokens. What is left out costs what it is a part of.">
      <Facts facts={PRICES.map(({ name, label }) => (model[name] === null ? null : ([label, <Money key={name} nusd={model[name]} />] as const)))} />
      {model.price_tiers.length > 0 ? (
        <ul aria-label="Other prices" className="flex flex-col gap-1 text-13">
          {model.price_tiers.map((tier) => (
            <li key={`${tier.above_input_tokens} ${tier.service_tier ?? ""}`}>
              <span className="font-medium">{tierWords(tier)}:</span>{" "}
              {pricesOfTier(tier).map(({ name, label }, at) => (
                <span key={name}>
                  {at > 0 ? ", " : ""}
                  {label.toLowerCase()} <Money nusd={tier[name]} />
                </span>
              ))}
            </li>
          ))}
        </ul>
      ) : null}
      {rows.length > 0 ? (
        <>
          <h3 className="text-13 font-semibold">Every price it had</h3>
          <Table label="Every price it had" columns={columns} rows={rows} rowKey={(row) => row.price_version} />
        </>
      ) : null}
    </Section>
  );
}

function tiersIn({ prices: { tiers } }: PriceRow): number {
  return Array.isArray(tiers) ? tiers.length : 0;
}

/** Those that somebody said: cached input costs what input does where nobody did. */
function pricesOfTier(tier: Tier) {
  return PRICES.filter(({ name }) => tier[name] !== null && (name !== "cached_input_price_nusd_per_million" || tier[name] !== tier.input_price_nusd_per_million));
}

function tierWords({ above_input_tokens: above, service_tier: tier }: Tier): string {
  const input = above > 0 ? `With more than ${count(above)} tokens of input` : "";
  return tier ? `${input ? `${input}, served` : "Served"} as ${tier}` : input || "With any input";
}

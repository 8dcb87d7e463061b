import { useState } from "react";
import { BarList, ConfusionMatrix, Intervals, Scatter, Sparkline, XYChart } from "@/chart";
import {
  Badge, Button, Checkbox, CodeBlock, CodeEditor, Combobox, ConfirmDialog, Diff, Drawer, EmptyState, ErrorState, Facts, Field, Figures, FormDialog, Input, Menu, Money, Notice, Page, Percent, Prose,
  RelativeTime, SecretOnce, Section, Segments, Select, SimulatedBadge, SkeletonTable, SkeletonText, StatusBadge, Switch, Table, Tabs, Textarea, toast, toastError,
} from "@/kit"; // prettier-ignore
import { ApiError } from "@/api/errors";
import { duration, money, percent } from "@/lib/format";
import { oneOf, useUrlState } from "@/lib/url-state";

const shape = { tab: oneOf(["charts", "parts", "states"], "charts") };
const start = new Date(2026, 10, 19, 14).getTime();
const wave = (n: number, base: number, swing: number) => Math.round(base + swing * Math.sin(n / 7) + (swing / 4) * Math.sin(n * 1.7));
const points = (base: number, swing: number) => Array.from({ length: 96 }, (_, n) => ({ x: start + n * 900_000, value: n > 40 && n < 45 ? null : wave(n, base, swing) }));
const broken = new ApiError(502, { code: "upstream", message: "The provider did not answer in time.", request_id: "req_01a1f95dff2d7494ba53f6d05c413506", retryable: true });

export default function KitPage() {
  const [{ tab }, set] = useUrlState(shape);
  return (
    <Page title="Kit" subtitle="Every part of the page in one place. In development only.">
      <Tabs
        label="Kit"
        value={tab}
        onChange={(next) => set({ tab: next }, { push: true })}
        tabs={[
          { id: "charts", label: "Charts", content: <Charts /> },
          { id: "parts", label: "Parts", count: 24, content: <Parts /> },
          { id: "states", label: "States", content: <States /> },
        ]}
      />
    </Page>
  );
}

function Charts() {
  const [cell, setCell] = useState<{ expected: string; predicted: string } | null>(null);
  return (
    <div className="flex flex-col gap-4">
      <Figures
        figures={[
          { label: "Executions", value: "31,204", note: "+6 % on the day before" },
          { label: "p95 latency", value: "1.31 s", note: "−80 ms" },
          { label: "Satisfaction", value: "88.4 %", note: "87.1–89.6 %, n 2,310" },
          { label: "Cost", value: "$148.20", note: "$4.75 per 1,000", badge: <SimulatedBadge /> },
          { label: "Effectiveness", value: "91.2", note: "of 100" },
        ]}
      />
      <div className="grid gap-4 lg:grid-cols-2">
        <XYChart title="Latency" unit="p50, p95 and p99" format={duration} formatTick={duration} series={[{ name: "p50", points: points(450, 60) }, { name: "p95", points: points(1200, 240) }, { name: "p99", points: points(2200, 500) }]} annotations={[{ x: start + 30 * 900_000, label: "production → v7" }]} />
        <XYChart title="Satisfaction" unit="share of rated answers marked good" format={(value) => percent(value)} formatTick={(value) => percent(value, 0)} zero={false} reference={{ value: 0.8, label: "target 80 %" }} series={[{ name: "satisfaction", color: 2, points: Array.from({ length: 24 }, (_, n) => { const value = 0.86 + Math.sin(n / 4) / 30; return { x: start + n * 3_600_000, value, low: value - 0.03, high: value + 0.025 }; }) }]} />
        <XYChart title="Cost" unit="US dollars by hour" kind="bars" format={(value) => money(value)} formatTick={(value) => money(value)} series={[{ name: "cost", points: Array.from({ length: 24 }, (_, n) => ({ x: start + n * 3_600_000, value: wave(n * 2, 6e9, 2e9) })) }]} />
        <XYChart title="Executions" unit="per 15 minutes" kind="area" format={String} series={[{ name: "executions", color: 3, points: points(320, 120) }]} />
        <Intervals title="Accuracy by version" unit="on the test split, 95 % interval" format={(value) => percent(value)} formatTick={(value) => percent(value, 0)} reference={{ value: 0.7, label: "threshold" }} rows={[{ key: "a", label: "v6 production", value: 0.444, low: 0.38, high: 0.51 }, { key: "b", label: "v7 suggested", value: 0.657, low: 0.59, high: 0.72, color: 2 }, { key: "c", label: "v5", value: null, low: null, high: null }]} />
        <Scatter title="Candidates" unit="score against cost" xLabel="cost per 1,000" yLabel="accuracy" formatX={(value) => money(value)} formatY={(value) => percent(value, 0)} dots={Array.from({ length: 18 }, (_, n) => ({ key: String(n), label: `candidate ${n}`, x: 1e9 + ((n * 37) % 23) * 2e8, y: 0.45 + ((n * 53) % 29) / 100, tone: n === 7 ? ("chosen" as const) : n === 3 ? ("base" as const) : ("plain" as const) }))} />
        <BarList title="Cost by prompt" unit="last 24 h" format={money} bars={[{ key: "a", label: "support-routing", value: 16_162_500, to: "/prompts/support-routing" }, { key: "b", label: "support-routing-handwritten", value: 8_914_000 }, { key: "c", label: "invoice-extract", value: 1_204_000 }]} />
        <Section framed title="Confusion matrix" description="A cell opens its cases.">
          <ConfusionMatrix selected={cell} onCell={(expected, predicted) => setCell({ expected, predicted })} cells={[["billing", "billing", 41], ["billing", "returns", 3], ["delivery", "delivery", 66], ["delivery", "billing", 5], ["returns", "returns", 22], ["returns", "delivery", 9], ["app_issues", "app_issues", 17], ["app_issues", "account_access", 8]].map(([expected, predicted, n]) => ({ expected: String(expected), predicted: String(predicted), count: Number(n) }))} />
          <p className="text-13">
            Satisfaction of the week <Sparkline label="Satisfaction: 0.81 to 0.88" values={[0.81, 0.82, 0.8, null, 0.85, 0.86, 0.88]} /> <Percent share={0.884} low={0.871} high={0.896} samples={2310} show="beside" />
          </p>
        </Section>
      </div>
    </div>
  );
}

const before = "You are a support triage assistant.\nRead the ticket and answer with one queue.\n\nTicket: {{ticket}}\n\nBe brief.\nAnswer in English.\nDo not explain.\nUse lower case.\nEnd with a full stop.\nThank you.";
const after = "You are a support triage assistant for {{company}}.\nRead the ticket and answer with one JSON object.\n\nTicket: {{ticket}}\n\nBe brief.\nAnswer in English.\nDo not explain.\nUse lower case.\nEnd with a full stop.\nNever invent an order number.";

function Parts() {
  const [open, setOpen] = useState<"dialog" | "confirm" | "drawer" | null>(null);
  const [text, setText] = useState("You are a support assistant for {{company}}.\n\n<ticket>\n{{ticket}}\n</ticket>\n\nAnswer in {{language = \"English\"}}. Never use {{unknwon}}.");
  const [on, setOn] = useState(true);
  const [range, setRange] = useState<"1h" | "24h" | "7d">("24h");
  const [model, setModel] = useState<string | null>("simulated/chat");
  return (
    <div className="flex flex-col gap-6">
      <div className="flex flex-wrap items-center gap-2">
        <Button variant="primary" onClick={() => setOpen("dialog")}>Open a form</Button>
        <Button onClick={() => setOpen("drawer")}>Open a drawer</Button>
        <Button variant="danger" onClick={() => setOpen("confirm")}>Delete…</Button>
        <Button variant="ghost" onClick={() => toast("Label moved to v7", { label: "Undo", run: () => toast("Label moved back to v6") })}>Toast</Button>
        <Button variant="ghost" onClick={() => toastError(broken)}>Failure</Button>
        <Button busy>Saving</Button>
        <Button disabled why="Only an admin of the workspace may do this.">Not for you</Button>
        <Button disabled>Disabled</Button>
        <Menu label="More" items={[{ label: "Rename", onSelect: () => undefined }, { label: "Chosen", checked: true, onSelect: () => undefined }, "-", { label: "Delete", danger: true, onSelect: () => setOpen("confirm") }]} />
        <Segments label="Range" value={range} onChange={setRange} options={[{ value: "1h", label: "1 h" }, { value: "24h", label: "24 h" }, { value: "7d", label: "7 d" }]} />
        <Combobox label="Model" value={model} onChange={setModel} clear="Any model" choices={[{ value: "simulated/chat", label: "simulated/chat", hint: "Simulated chat" }, { value: "gpt-5-mini", label: "gpt-5-mini" }]} />
      </div>
      <div className="flex flex-wrap gap-2">
        {(["neutral", "ok", "warn", "bad", "accent"] as const).map((tone) => (
          <Badge key={tone} tone={tone}>{tone}</Badge>
        ))}
        {["success", "error", "rate_limited", "running", "queued"].map((status) => (
          <StatusBadge key={status} status={status} />
        ))}
        <SimulatedBadge />
      </div>
      <div className="grid gap-6 md:grid-cols-2">
        <Section framed title="Fields">
          <Field label="Name" hint="What your application calls it by."><Input mono defaultValue="support-triage" /></Field>
          <Field label="E-mail" error="An e-mail has an @ in it." required><Input defaultValue="ada" /></Field>
          <Field label="Role"><Select value="editor" onChange={() => undefined} options={[{ value: "viewer", label: "viewer" }, { value: "editor", label: "editor" }]} /></Field>
          <Field label="Why"><Textarea defaultValue="Because it answers in one word." /></Field>
          <Checkbox label="Store texts" hint="Of executions, for as many days as you keep them." defaultChecked />
          <Switch label="Active" checked={on} onChange={setOn} />
        </Section>
        <Section framed title="Facts" description="Names and values.">
          <Facts facts={[["Version", "7"], ["Model", <code key="m">simulated/chat</code>], ["Cost", <Money key="c" nusd={4_123_000} />], ["Satisfaction", <Percent key="s" share={0.59} low={0.507} high={0.668} samples={139} show="beside" />], ["Changed", <RelativeTime key="t" at={Date.now() - 190_000} />]]} />
          <SecretOnce secret="bk_live_PnrWRfEb_rbDFnQQT79F18PZoIa3gkxvUok7MfDXdWZmP8c6jk0l" what="the key" />
          <Prose text={"The answer is **billing**, see `queue`.\n\n```json\n{\"queue\": \"billing\"}\n```\n<script>alert(1)</script>"} />
        </Section>
      </div>
      <CodeEditor label="Text" language="template" variables={["company", "ticket", "language"]} value={text} onChange={setText} />
      <Diff label="User message" before={before} after={after} beforeName="v6" afterName="v7" />
      <Table
        label="Versions"
        columns={[
          { key: "v", head: "Version", cell: (row: { id: string; n: number }) => row.id },
          { key: "n", head: "Executions", align: "end", cell: (row) => row.n },
          { key: "m", head: <span className="sr-only">Acts</span>, align: "end", cell: () => acts },
        ]}
        rows={[{ id: "v7", n: 12_311 }, { id: "v6", n: 980 }]}
        rowKey={(row) => row.id}
        onOpen={() => setOpen("drawer")}
        selected="v6"
      />
      <CodeBlock label="curl" code={'curl $URL/v1/prompts -H "Authorization: Bearer $KEY"'} />
      <FormDialog open={open === "dialog"} onOpenChange={(is) => setOpen(is ? "dialog" : null)} title="New key" description="It is shown once." submit="Create" onSubmit={() => setOpen(null)} error={broken}>
        <Field label="Name" required><Input /></Field>
      </FormDialog>
      <ConfirmDialog open={open === "confirm"} onOpenChange={(is) => setOpen(is ? "confirm" : null)} title="Delete the endpoint?" submit="Delete" onSubmit={() => setOpen(null)}>
        12 deliveries that wait will not be sent.
      </ConfirmDialog>
      <Drawer open={open === "drawer"} onOpenChange={(is) => setOpen(is ? "drawer" : null)} title="Run 01a1…3506" actions={<Button size="s">Open in the playground</Button>}>
        <Prose mono text={"role: user\ncontent: Where is my parcel?"} />
      </Drawer>
    </div>
  );
}

const acts = <Menu label="Acts" items={[{ label: "Compare", onSelect: () => undefined }]} />;

function States() {
  return (
    <div className="grid gap-6 md:grid-cols-2">
      <EmptyState title="No prompts yet" action={<Button variant="primary">New prompt</Button>} code="curl $URL/v1/prompts">
        A prompt has a name that your application calls, and versions that you can change without deploying it.
      </EmptyState>
      <ErrorState error={broken} onRetry={() => undefined} />
      <SkeletonText lines={5} />
      <SkeletonTable columns={4} rows={4} />
      <Notice tone="warn" title="Draft." action={<Button size="s">Save</Button>}>Based on v6; production has moved to v7 since.</Notice>
      <Notice tone="bad" title="Below the target.">Satisfaction is 65.7 % (54.0–75.8 %).</Notice>
    </div>
  );
}

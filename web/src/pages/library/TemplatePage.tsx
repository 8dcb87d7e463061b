import { Wand2 } from "lucide-react";
import { useState } from "react";
import { useChange, useRead } from "@/api/hooks";
import { needs, useMay } from "@/api/session";
import { useNavigate } from "@tanstack/react-router";
import { Badge, Button, CodeBlock, ConfirmDialog, CopyButton, Facts, Loaded, Page, Prose, RelativeTime, Section, type Column, Table, toast } from "@/kit";
import { count, percent } from "@/lib/format";
import { usePathParam } from "@/lib/pages";
import { type Template, type TemplateEntry, ORIGINS, settingsOf, textsOf, valueOf } from "./model";
import { UseTemplate } from "./UseTemplate";

type Variable = TemplateEntry["variables"][number];
type Benchmark = TemplateEntry["benchmarks"][number];

export default function TemplatePage() {
  const id = usePathParam("id");
  const found = useRead("/v1/templates/{template_id}", { path: { template_id: id } });
  const template = found.data?.id === id ? found.data : undefined;
  return (
    <Page
      title={template?.name ?? "Template"}
      back={{ to: "/library/templates", label: "Templates" }}
      heading={
        template ? (
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            {template.name}
            <Badge tone={template.origin === "shipped" ? "neutral" : "accent"}>{ORIGINS[template.origin]}</Badge>
          </span>
        ) : undefined
      }
      subtitle={template ? <span className="block max-w-[72ch]">{template.description || template.use_case}</span> : undefined}
      actions={template ? <Acts template={template} /> : null}
    >
      <Loaded of={{ ...found, data: template }}>{(one) => <Content template={one} />}</Loaded>
    </Page>
  );
}

function Acts({ template }: { template: TemplateEntry }) {
  const may = useMay();
  const navigate = useNavigate();
  const [act, setAct] = useState<"use" | "delete" | null>(null);
  const remove = useChange("delete", "/v1/templates/{template_id}");
  const send = () =>
    remove.mutate(
      { path: { template_id: template.id } },
      {
        onSuccess: () => {
          toast(`${template.name} is no template any more; prompts made of it stay`);
          void navigate({ to: "/library/templates" });
        },
      },
    );
  return (
    <>
      {template.origin === "workspace" ? (
        <Button onClick={() => setAct("delete")} disabled={!may.editPrompts} why={needs("editor")}>
          Delete
        </Button>
      ) : null}
      <Button variant="primary" icon={<Wand2 size={14} aria-hidden />} onClick={() => setAct("use")} disabled={!may.editPrompts} why={needs("editor")}>
        Use it
      </Button>
      {act === "use" ? <UseTemplate template={template} onClose={() => setAct(null)} /> : null}
      <ConfirmDialog open={act === "delete"} onOpenChange={(open) => !open && setAct(null)} title={`Delete ${template.name}?`} submit="Delete" onSubmit={send} busy={remove.isPending} error={remove.error}>
        Nobody finds it as a template any more. Prompts that were made of it stay.
      </ConfirmDialog>
    </>
  );
}

const VARIABLES: Column<Variable>[] = [
  { key: "name", head: "Variable", width: "w-40 min-w-30", cell: (row) => <code className="text-12 wrap-anywhere">{`{{${row.name}}}`}</code> },
  { key: "what", head: "What it is", cell: (row) => row.description || <span className="text-muted">not described</span> },
  { key: "type", head: "Type", width: "w-24", hideBelow: "sm", cell: (row) => row.type ?? "text" },
  { key: "needed", head: "Needed", width: "w-32", cell: (row) => (row.required ? "yes" : row.default === undefined || row.default === null ? "no" : `else ${valueOf(row.default)}`) },
];

const BENCHMARKS: Column<Benchmark>[] = [
  { key: "dataset", head: "On", cell: (row) => <span className="wrap-anywhere">{row.dataset}</span> },
  { key: "model", head: "Model", hideBelow: "sm", cell: (row) => <code className="text-12 wrap-anywhere">{row.model}</code> },
  { key: "items", head: "Items", align: "end", width: "w-20", cell: (row) => count(row.items) },
  { key: "value", head: "Result", align: "end", width: "w-40", cell: (row) => `${row.metric} ${row.value <= 1 ? percent(row.value) : row.value}` },
];

function Content({ template }: { template: TemplateEntry }) {
  const { example } = template;
  return (
    <div className="grid items-start gap-6 lg:grid-cols-[minmax(0,2fr)_minmax(16rem,1fr)]">
      <div className="flex min-w-0 flex-col gap-6">
        <Section title="Text">
          <ol aria-label="Messages" className="flex flex-col gap-3">
            {textsOf(template.content).map((message, index) => (
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
        </Section>
        {template.variables.length > 0 ? (
          <Section title="Variables" description="What a call sends along.">
            <Table label="Variables" columns={VARIABLES} rows={template.variables} rowKey={(row) => row.name} />
          </Section>
        ) : null}
        {template.content.json_schema ? (
          <Section title="Form of the answer" description="JSON that fits this schema.">
            <CodeBlock code={JSON.stringify(template.content.json_schema, null, 2)} />
          </Section>
        ) : null}
        {example.text || example.variables ? (
          <Section title="An example">
            {example.variables ? <Facts facts={Object.entries(example.variables).map(([name, value]) => [name, <Prose key={name} plain text={valueOf(value)} />] as const)} /> : null}
            {example.text ? <Prose text={example.text} plain /> : null}
          </Section>
        ) : null}
        {template.benchmarks.length > 0 ? (
          <Section title="Measured" description="By its maker; measure it on your own data before you rely on it.">
            <Table label="Measured" columns={BENCHMARKS} rows={template.benchmarks} rowKey={(row) => `${row.dataset} ${row.model} ${row.metric}`} />
          </Section>
        ) : null}
      </div>
      <About template={template} />
    </div>
  );
}

function About({ template }: { template: TemplateEntry & Template }) {
  return (
    <Section title="About it" framed>
      <Facts
        facts={[
          ["From", template.publisher],
          ["Model", <code key="model" className="text-12">{template.model}</code>],
          template.recommended_models.length > 0 && ["Works well with", template.recommended_models.join(", ")],
          ...settingsOf(template.content).filter(([, value]) => !/^[[{]/.test(value)).map(([name, value]) => [name, <code key={name} className="text-12 wrap-anywhere">{value}</code>] as const),
          template.use_cases.length > 0 && ["For", template.use_cases.join("; ")],
          template.categories.length > 0 && ["Categories", template.categories.join(", ")],
          ["Used", template.uses === 0 ? "not yet" : `${count(template.uses)}×`],
          template.updated_at ? ["Changed", <RelativeTime key="at" at={template.updated_at} />] : null,
        ]}
      />
    </Section>
  );
}

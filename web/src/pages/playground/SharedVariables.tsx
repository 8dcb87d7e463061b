import { Badge, Input, Section, Select, Textarea } from "@/kit";
import { Attach } from "@/kit/execution/Attach";
import { type Attached, type Files, IN_VARIABLES_MOST, filesOf } from "@/lib/attached";
import { own } from "@/lib/own";
import { readValue } from "@/lib/values";
import { takesPicture } from "@/lib/variables-apart";
import type { Shared } from "./variables";

/** One value for each variable, for all columns that use it. */
export function SharedVariables({ shared, values, files = {}, onChange, onFiles, names, onRun }: { shared: readonly Shared[]; values: Readonly<Record<string, string>>; files?: Files; onChange: (name: string, text: string) => void; /** Without it none can be attached. */ onFiles?: (name: string, change: (before: readonly Attached[]) => readonly Attached[]) => void; names: readonly string[] | null; onRun: () => void }) {
  return (
    <Section framed title="Variables">
      <div className={shared.length > 1 ? "grid gap-x-4 gap-y-3 md:grid-cols-2" : "flex flex-col"}>
        {shared.map((one) => {
          const text = own(values, one.name) ?? "";
          const read = text === "" ? null : readValue(text, one.type);
          const label = `Value of ${one.name}`;
          const hint = one.default === undefined ? "" : typeof one.default === "string" ? one.default : JSON.stringify(one.default);
          const attached = filesOf(files, one.name);
          const attach = { of: one.name, files: attached, onChange: (change: (before: readonly Attached[]) => readonly Attached[]) => onFiles?.(one.name, change), most: IN_VARIABLES_MOST };
          const about = { "aria-label": label, "aria-invalid": read !== null && "fault" in read ? (true as const) : undefined, value: text };
          return (
            <div key={one.name} className="flex min-w-0 flex-col gap-1">
              <span className="flex flex-wrap items-center gap-2">
                <code className="text-13 font-medium wrap-anywhere">{one.name}</code>
                <span className="text-12 text-muted">
                  {one.isMessages ? "messages" : (one.type ?? "text")}
                  {one.default === undefined ? "" : ", may be left empty"}
                </span>
                {names && shared.some((other) => other.columns.length !== one.columns.length) ? one.columns.map((column) => <Badge key={column}>{names[column]}</Badge>) : null}
              </span>
              {one.type === "boolean" ? (
                <Select aria-label={label} empty={hint || "Choose"} value={text} onChange={(next: string) => onChange(one.name, next)} options={["true", "false"].map((value) => ({ value, label: value }))} />
              ) : one.type === "number" ? (
                <Input {...about} inputMode="decimal" mono placeholder={hint} onChange={(event) => onChange(one.name, event.target.value)} />
              ) : one.type === "image_url" || (attached.length > 0 && !one.isMessages && takesPicture(one.type)) ? (
                <Attach {...attach} only="pictures" single closed={!onFiles}>
                  {attached.length > 0 ? null : <Input {...about} type="url" placeholder={hint || "https://…"} onChange={(event) => onChange(one.name, event.target.value)} />}
                </Attach>
              ) : (
                <Textarea
                  {...about}
                  rows={2}
                  mono={one.type === "object" || one.type === "array"}
                  placeholder={one.isMessages ? '[{"role": "user", "content": "…"}]' : hint}
                  onChange={(event) => onChange(one.name, event.target.value)}
                  onKeyDown={(event) => {
                    if (event.key !== "Enter" || !(event.metaKey || event.ctrlKey)) return;
                    event.preventDefault();
                    onRun();
                  }}
                  className="min-h-14!"
                />
              )}
              {one.isMessages && onFiles ? <Attach {...attach} /> : null}
              {read !== null && "fault" in read && !(takesPicture(one.type) && attached.length > 0) ? (
                <p role="alert" className="text-12 text-bad">
                  {read.fault}
                </p>
              ) : null}
            </div>
          );
        })}
      </div>
    </Section>
  );
}

import { useMemo } from "react";
import { Diff, Table } from "@/kit";
import { type Content, FIELDS, type Message, changedFields, inWords, nameOf } from "./content";

const SETTINGS = FIELDS.filter((field) => field !== "messages");

/** What it takes to get from one content to another: texts by line and word, settings by field. */
export function Comparison({ before, after, beforeName, afterName }: { before: Content; after: Content; beforeName: string; afterName: string }) {
  const changed = useMemo(() => new Set(changedFields(before, after)), [before, after]);
  const settings = SETTINGS.filter((field) => changed.has(field));
  const texts = Array.from({ length: Math.max(before.messages.length, after.messages.length) }, (_, index) => index).filter((index) => headed(before.messages[index]) !== headed(after.messages[index]));
  if (changed.size === 0) return <p className="rounded-m border border-line px-3 py-2 text-13 text-muted">{`${beforeName} and ${afterName} say the same.`}</p>;
  return (
    <div className="flex min-w-0 flex-col gap-4">
      {texts.map((index) => (
        <Diff key={index} label={labelOf(index, before.messages[index], after.messages[index])} before={headed(before.messages[index])} after={headed(after.messages[index])} beforeName={beforeName} afterName={afterName} />
      ))}
      {settings.length > 0 ? (
        <SettingsThatDiffer rows={settings.map((field) => ({ name: nameOf(field), before: inWords(field, before[field]), after: inWords(field, after[field]) }))} beforeName={beforeName} afterName={afterName} />
      ) : null}
    </div>
  );
}

/** Settings by their names; null: not set. */
export function SettingsThatDiffer({ rows, beforeName, afterName }: { rows: { name: string; before: string | null; after: string | null }[]; beforeName: string; afterName: string }) {
  return (
    <Table
      label="Settings that differ"
      rows={rows}
      rowKey={(row) => row.name}
      columns={[
        { key: "field", head: "Setting", width: "w-28 sm:w-40", cell: (row) => row.name },
        { key: "before", head: beforeName, cell: (row) => <Words words={row.before} out /> },
        { key: "after", head: afterName, cell: (row) => <Words words={row.after} /> },
      ]}
    />
  );
}

function Words({ words, out }: { words: string | null; out?: boolean }) {
  if (words === null) return <span className="text-muted">not set</span>;
  return (
    <span className="font-mono text-12 whitespace-break-spaces wrap-anywhere">
      <span className="sr-only">{out ? "out: " : "in: "}</span>
      {words}
    </span>
  );
}

function labelOf(index: number, before: Message | undefined, after: Message | undefined): string {
  const role = after?.role ?? before?.role ?? "";
  return `Message ${index + 1}, ${role}${before ? (after ? "" : ", taken out") : ", new"}`;
}

/** The text of a message; where there is more to it than its text, that stands first. */
function headed(message: Message | undefined): string {
  if (!message) return "";
  if (message.role === "placeholder") return `Placeholder: ${message.name ?? ""}${message.optional ? " (optional)" : ""}`;
  return message.name ? `Name: ${message.name}\n${message.content ?? ""}` : (message.content ?? "");
}

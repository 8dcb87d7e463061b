import { needs, useMay } from "@/api/session";
import { DownloadButton, Field, Input, Section } from "@/kit";
import { text, useUrlState } from "@/lib/url-state";
import { BringIn } from "./BringIn";

const shape = { folder: text() };

/** What leaves the workspace as a file, and what comes into it. */
export function Files() {
  const may = useMay();
  const [{ folder }, set] = useUrlState(shape);
  const bundle = `/v1/export?scope=prompts${folder.trim() ? `&folder=${encodeURIComponent(folder.trim())}` : ""}`;
  return (
    <div className="flex flex-col gap-8">
      <Section title="Take prompts along" description="A bundle: prompts with every version, label and lineage, chains, datasets with their items, and experiments. Another workspace or installation takes it in below.">
        <div className="flex flex-wrap items-end gap-3">
          <Field label="Folder alone" hint="Then without datasets. Empty: everything." className="w-full max-w-xs">
            <Input value={folder} onChange={(event) => set({ folder: event.target.value })} placeholder="support" />
          </Field>
          <DownloadButton path={bundle} name="burnish-prompts.json" disabled={!may.admin} why={needs("admin")}>
            Export prompts
          </DownloadButton>
        </div>
      </Section>
      <BringIn />
      <Section title="Take everything along" description="All that this workspace owns, as lines of JSON: prompts with their versions, runs, feedback, datasets, settings. No secrets. It is to be read, not to be brought in again.">
        <div>
          <DownloadButton path="/v1/export" name="burnish-export.jsonl" disabled={!may.admin} why={needs("admin")}>
            Export
          </DownloadButton>
        </div>
      </Section>
    </div>
  );
}

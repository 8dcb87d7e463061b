import { Download as Icon } from "lucide-react";
import { type ReactNode, useState } from "react";
import { standingHeaders } from "@/api/client";
import { errorOf, noConnection } from "@/api/errors";
import { Button } from "./Button";
import { Menu } from "./Menu";
import { toastError } from "./Toast";

/** Fetches a file of the API and hands it to the browser. A plain link would not say which workspace is meant. */
export async function download(path: string, fallbackName: string): Promise<void> {
  const response = await fetch(path, { headers: standingHeaders("GET"), credentials: "same-origin" }).catch((error: unknown) => {
    throw noConnection(error);
  });
  if (!response.ok) throw errorOf(response, await response.json().catch(() => null));
  const named = /filename="?([^";]+)"?/.exec(response.headers.get("content-disposition") ?? "")?.[1];
  const file = await response.blob().catch((error: unknown) => {
    throw noConnection(error);
  });
  save(file, named ?? fallbackName);
}

/** Hands the browser a file that the page made or fetched. */
export function save(file: Blob, name: string): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Downloads a file, and says so when that fails. `name`: of the file, where the API gives none. */
export function DownloadButton({ path, name, children, disabled, why, size }: { path: string; name: string; children: ReactNode; disabled?: boolean; why?: string; size?: "m" | "s" }) {
  const [busy, setBusy] = useState(false);
  const run = () => {
    setBusy(true);
    void download(path, name)
      .catch(toastError)
      .finally(() => setBusy(false));
  };
  return (
    <Button size={size} icon={<Icon size={14} aria-hidden />} busy={busy} disabled={disabled} why={why} onClick={run}>
      {children}
    </Button>
  );
}

type MenuProps = { label: string; path: string; /** Beside `format`. */ query?: Record<string, string>; name: string; /** Of the JSON lines. */ hint?: string; disabled?: boolean; why?: string };

/** As JSON lines or as CSV, from a path that takes `format`. `name`: of the file without its ending, where the API gives none. */
export function DownloadMenu({ label, path, query, name, hint = "Whole and exact, as an upload reads it", disabled, why }: MenuProps) {
  const [busy, setBusy] = useState(false);
  const run = (format: "jsonl" | "csv") => () => {
    setBusy(true);
    void download(`${path}?${new URLSearchParams({ ...query, format })}`, `${name}.${format}`)
      .catch(toastError)
      .finally(() => setBusy(false));
  };
  return (
    <Menu
      label={label}
      trigger={
        <Button icon={<Icon size={14} aria-hidden />} busy={busy} disabled={disabled} why={why}>
          {label}
        </Button>
      }
      items={[
        { label: "JSON lines", hint, onSelect: run("jsonl") },
        { label: "CSV", hint: "For spreadsheets", onSelect: run("csv") },
      ]}
    />
  );
}

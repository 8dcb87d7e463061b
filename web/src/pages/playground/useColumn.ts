import { useMemo } from "react";
import type { Schema } from "@/api/client";
import { asApiError } from "@/api/errors";
import { useRead } from "@/api/hooks";
import { type PromptTemplate, ROLES, TemplateError, type TemplateMessage, parseMessages } from "@/lib/template";
import { type Column, type Message, splitAt } from "./state";

/** What a column would run, as far as it is known. */
export type Facts = {
  template: PromptTemplate | null;
  /** Why it cannot run yet, in words. */
  fault: string | null;
  error: unknown;
  /** Asks once more for what could not be read; null where nothing failed, or another try would get the same. */
  again: (() => void) | null;
  /** The version's model; the column's own may stand in for it. */
  model: string | null;
  version: number | null;
  labels: Record<string, number>;
  latest: number | null;
  messages: { role: string; content?: unknown; name?: string | null }[];
  isLoading: boolean;
};

const NOTHING: Facts = { template: null, fault: null, error: null, again: null, model: null, version: null, labels: {}, latest: null, messages: [], isLoading: false };

/** What was refused, or is not there, is not there a moment later either. */
const mayCome = (error: unknown) => error !== null && ![403, 404, 422].includes(asApiError(error).status);

/** A message of one's own as one of a template, which knows no answers of tools. */
function asTemplate({ role, content }: Message): TemplateMessage {
  return { role: (ROLES as readonly string[]).includes(role) && role !== "placeholder" ? role : "user", content };
}

/** Throws TemplateError. */
export function templateOf({ messages, parameters }: Schema<"PromptAnswer">): PromptTemplate {
  return parseMessages(messages as never, (parameters ?? {}) as Record<string, never>);
}

export function useColumn(column: Column | undefined): Facts {
  const slug = column?.kind === "prompt" ? column.prompt : "";
  const [what, which] = splitAt(column?.at ?? "");
  const known = useRead("/v1/prompts/{slug}", { path: { slug } }, { enabled: slug !== "" });
  const other = useRead("/v1/prompts/{slug}", { path: { slug }, query: what === "version" ? { version: Number(which) } : { label: which } }, { enabled: slug !== "" && what !== "" });
  const found = what === "" ? known : other;
  const { refetch } = found;
  const prompt = slug !== "" && !found.isPlaceholderData ? (found.data as Schema<"PromptAnswer"> | undefined) : undefined;
  const own = column?.kind === "messages" ? column.messages : undefined;
  return useMemo(() => {
    if (own) {
      const fault = own.some((one) => one.content.trim() || one.files?.length) ? null : "Write a message first.";
      try {
        return { ...NOTHING, template: parseMessages(own.map(asTemplate)), messages: own, fault };
      } catch (error) {
        return { ...NOTHING, messages: own, fault: error instanceof TemplateError ? error.message : String(error) };
      }
    }
    if (slug === "") return { ...NOTHING, fault: "Choose a prompt first." };
    if (!prompt) return { ...NOTHING, error: found.error, again: mayCome(found.error) ? () => void refetch() : null, isLoading: !found.error, fault: "The prompt is not here yet." };
    const { messages, model, version, labels, latest_version } = prompt as unknown as { messages: Facts["messages"]; model: string; version: number; labels: Record<string, number>; latest_version: number };
    const facts = { ...NOTHING, messages, model, version, labels, latest: latest_version };
    try {
      return { ...facts, template: templateOf(prompt) };
    } catch (error) {
      return { ...facts, fault: String(error) };
    }
  }, [own, slug, prompt, found.error, refetch]);
}

// What a strict project sees: compiled against the installed package, once as Node resolves it and once as bundlers do.
import { type Batch, Burnish, type Execution, type Prompt, type PromptStore, RateLimited, StreamBroke, type TextStream, verifyWebhook } from "@burnish/client";
import { diskStore } from "@burnish/client/node";
import { type UseFeedback, type UsePrompt, useFeedback, usePrompt } from "@burnish/client/react";

const store: PromptStore = diskStore();
const burnish = new Burnish({ apiKey: "k", store });

export async function all(): Promise<string | null> {
  const answer: Execution = await burnish.execute("greeting", { name: "Ada" }, { user_id: "u", label: "production" });
  const status: "success" | "error" | "timeout" | "rate_limited" | "cancelled" | "blocked" = answer.status;
  const pieces: TextStream = burnish.stream({ messages: [{ role: "user", content: "Hi" }], model: "m" });
  try {
    for await (const text of pieces) text.toUpperCase();
  } catch (error) {
    if (error instanceof StreamBroke) error.text.trim();
  }
  const prompt: Prompt = await burnish.prompt("greeting", { fallback: "Greet {{name}}." });
  const temperature: number | null | undefined = prompt.settings().temperature;
  const batch: Batch = await burnish.startBatch([{ name: "Ada" }], { prompt: "greeting" });
  for await (const row of burnish.list<{ slug: string }>("/v1/prompts", { tag: "support" })) row.slug.trim();
  const chat = await burnish.analyzeChat([{ role: "user", content: "Hi" }]);
  await burnish.batchAnalyzeChats([{ messages: [{ role: "user", content: "Hi" }], external_id: "7" }, "text"], { progress: ({ completed }) => completed.toFixed() });
  const event = await verifyWebhook("{}", new Headers(), "whsec_AAAA");
  const { feedback_id } = await burnish.request<{ feedback_id: string }>("POST", "/v1/feedback", {});
  const comment: string | undefined = answer.label ?? undefined;
  await burnish.withOptions({ timeoutS: 5, maxRetries: 0 }).feedback(answer.id, { thumb: "up", comment, user_id: null, idempotency_key: "pressed-1" });
  await burnish.execute("greeting", {}, { cache: true, label: undefined }).catch((error: unknown) => (error instanceof RateLimited ? error.retryAfterS?.toFixed() : null));
  // @ts-expect-error -- an option that there is not
  await burnish.execute("greeting", {}, { userId: "u" });
  // @ts-expect-error -- not a kind of content
  await burnish.enrich("picture", "text");
  return `${status}${temperature}${batch.request_counts.completed}${chat.processing_status}${event.type}${feedback_id}${answer.output}`;
}

export function useThumbs(id: string | null): UseFeedback {
  return useFeedback(id, { user_id: "u" });
}

export function useGreeting(): UsePrompt {
  return usePrompt("greeting", { user_id: "u" });
}

/** Client of Burnish for Node, browsers and edge runtimes.
 *
 *     import { Burnish } from "@burnish/client";
 *
 *     const burnish = new Burnish(); // BURNISH_BASE_URL, BURNISH_API_KEY
 *     const answer = await burnish.execute("greeting", { name: "Ada" }, { user_id: "user-1" });
 *     await burnish.feedback(answer.id, { thumb: "up", user_id: "user-1" });
 */
export { Burnish, type BurnishOptions, type ExecutionRequest, type RequestOptions } from "./client.js";
export type { BatchOptions, BudgetChanges, BudgetFilters, BudgetTarget, Chat, EnrichmentCounts, EnrichmentOptions, ExecutionOptions, FeedbackOptions, Message, NewBudget, SourceType, Variables } from "./calls.js";
export { TemplateError } from "./carried/template.js";
export {
  AbortError,
  ApiError,
  BadRequest,
  BurnishError,
  Conflict,
  Forbidden,
  InvalidWebhook,
  NotFound,
  NotReached,
  PaymentRequired,
  RateLimited,
  ServerError,
  StreamBroke,
  TimedOut,
  Unauthenticated,
} from "./errors.js";
export { Prompt, type Messages, type PromptStore, type Source } from "./prompts.js";
export { TextStream } from "./stream.js";
export type * from "./types.js";
export { type WebhookEvent, type WebhookHeaders, verifyWebhook } from "./webhooks.js";

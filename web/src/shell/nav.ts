import { Activity, BellRing, CirclePlay, Database, FileText, FlaskConical, KeyRound, LibraryBig, ListChecks, type LucideIcon, PlugZap, ScrollText, Wand, Webhook } from "lucide-react";

export type NavItem = { to: string; label: string; icon: LucideIcon; /** The second key after "g". */ jump: string; /** Other places that belong to it. */ also?: readonly string[] };
export type NavGroup = { label: string; items: readonly NavItem[] };

/** At most 13 items: peers that grew past this are called overwhelming. */
export const NAV: readonly NavGroup[] = [
  {
    label: "Build",
    items: [
      { to: "/prompts", label: "Prompts", icon: FileText, jump: "p", also: ["/chains", "/new", "/approvals"] },
      { to: "/playground", label: "Playground", icon: CirclePlay, jump: "y" },
      { to: "/library", label: "Library", icon: LibraryBig, jump: "l" },
    ],
  },
  {
    label: "Evaluate",
    items: [
      { to: "/datasets", label: "Datasets", icon: Database, jump: "d", also: ["/review"] },
      { to: "/test-runs", label: "Test runs", icon: ListChecks, jump: "t", also: ["/evaluators"] },
      { to: "/optimize", label: "Optimize", icon: Wand, jump: "o" },
      { to: "/experiments", label: "Experiments", icon: FlaskConical, jump: "x" },
    ],
  },
  {
    label: "Observe",
    items: [
      { to: "/analytics", label: "Analytics", icon: Activity, jump: "a" },
      { to: "/runs", label: "Runs", icon: ScrollText, jump: "r", also: ["/sessions", "/content", "/batches", "/groups"] },
      { to: "/alerts", label: "Alerts", icon: BellRing, jump: "e" },
    ],
  },
  {
    label: "Connect",
    items: [
      { to: "/webhooks", label: "Webhooks", icon: Webhook, jump: "w" },
      { to: "/api-keys", label: "API keys", icon: KeyRound, jump: "k" },
      { to: "/providers", label: "Providers", icon: PlugZap, jump: "v", also: ["/models", "/routing", "/cache", "/guardrails"] },
    ],
  },
];

/** In the menu of the account, at the bottom. */
export const ACCOUNT: readonly Omit<NavItem, "icon">[] = [
  { to: "/usage", label: "Usage and plan", jump: "u" },
  { to: "/team", label: "Team", jump: "m" },
  { to: "/settings", label: "Settings", jump: "s" },
  { to: "/start", label: "First steps", jump: "f" },
];

/** Pages within one of the above, which ⌘K finds by their own names too. */
export const PLACES: readonly { to: string; label: string; /** Where it is, and other words for it. */ hint: string; keywords?: readonly string[]; /** There for whoever runs the installation alone. */ isOperators?: true }[] = [
  { to: "/batches", label: "Batches", hint: "Runs", keywords: ["bulk", "jsonl"] },
  { to: "/batches/files", label: "Files of batches", hint: "Runs", keywords: ["upload", "jsonl"] },
  { to: "/sessions", label: "Sessions", hint: "Runs", keywords: ["conversations", "chats", "threads"] },
  { to: "/groups", label: "Calls without a prompt", hint: "Runs", keywords: ["groups", "ad hoc", "execution groups"] },
  { to: "/content", label: "Content jobs", hint: "Runs", keywords: ["enrichments"] },
  { to: "/models", label: "Models", hint: "Providers", keywords: ["prices", "retire", "known models"] },
  { to: "/routing", label: "Routing", hint: "Providers", keywords: ["rules", "fallback", "auto", "explain"] },
  { to: "/cache", label: "Cache of answers", hint: "Providers", keywords: ["saved", "clear"] },
  { to: "/guardrails", label: "Guardrails", hint: "Providers", keywords: ["personal data", "pii", "secrets", "block", "injection", "moderation", "deny"] },
  { to: "/guardrails?tab=stored", label: "Masking of what is stored", hint: "Guardrails", keywords: ["personal data", "pii", "redact", "blot out"] },
  { to: "/evaluators", label: "Evaluators", hint: "Test runs", keywords: ["judges", "jury", "rubric", "checks", "toxicity"] },
  { to: "/evaluators/live", label: "Live evaluations", hint: "Test runs", keywords: ["online", "sample", "score traffic"] },
  { to: "/evaluators/scores", label: "Scores of live traffic", hint: "Test runs", keywords: ["quality", "judged"] },
  { to: "/analytics/feedback", label: "Feedback", hint: "Analytics", keywords: ["reactions", "comments", "thumbs", "take back"] },
  { to: "/analytics/metrics", label: "Metrics of feedback", hint: "Analytics", keywords: ["converted", "declare", "named metrics"] },
  { to: "/experiments/backtests", label: "Backtests", hint: "Experiments" },
  { to: "/datasets?archived=1", label: "Archived datasets", hint: "Datasets", keywords: ["restore", "put away"] },
  { to: "/prompts?archived=1", label: "Archived prompts", hint: "Prompts", keywords: ["restore", "purge", "put away"] },
  { to: "/webhooks?tab=inbound", label: "Inbound endpoints", hint: "Webhooks", keywords: ["feedback", "receive"] },
  { to: "/analytics/recounts", label: "Recounts", hint: "Analytics", keywords: ["count again", "rollups"] },
  { to: "/settings?tab=files", label: "Export and import", hint: "Settings", keywords: ["bundle", "langfuse", "litellm", "dspy", "promptfoo", "tensorzero", "openai", "move"] },
  { to: "/settings?tab=organization", label: "Organization", hint: "Settings", keywords: ["suspend", "erase workspace", "move credit"] },
  { to: "/chains", label: "Chains", hint: "Prompts", keywords: ["steps", "pipeline"] },
  { to: "/inbox", label: "Inbox", hint: "What waits for you", keywords: ["mentions", "answers", "reviews asked of me", "unread", "notifications"] },
  { to: "/approvals", label: "Approvals", hint: "Prompts", keywords: ["handed in", "reviews of versions", "comments"] },
  { to: "/new", label: "Start from a goal", hint: "Prompts", keywords: ["clarifying", "questions", "wizard"] },
  { to: "/library/templates", label: "Templates", hint: "Library" },
  { to: "/review", label: "Review queue", hint: "Datasets", keywords: ["label", "correct", "decide"] },
  { to: "/optimize/schedules", label: "Schedules", hint: "Optimize", keywords: ["by the clock", "every night"] },
  { to: "/optimize/migrations", label: "Model moves", hint: "Optimize", keywords: ["migrate", "successor", "another model"] },
  { to: "/experiments/settings", label: "Settings of experiments", hint: "Experiments" },
  { to: "/analytics/costs", label: "Costs", hint: "Analytics", keywords: ["spend", "forecast"] },
  { to: "/analytics/failures", label: "Failures", hint: "Analytics", keywords: ["failure groups", "errors"] },
  { to: "/analytics/reports", label: "Reports", hint: "Analytics", keywords: ["digest"] },
  { to: "/alerts/rules", label: "Rules of alerts", hint: "Alerts", keywords: ["thresholds"] },
  { to: "/alerts/channels", label: "Channels of alerts", hint: "Alerts", keywords: ["slack", "e-mail", "told"] },
  { to: "/alerts/mutes", label: "Mutes", hint: "Alerts", keywords: ["muted", "quiet"] },
  { to: "/webhooks?tab=deliveries", label: "Deliveries of webhooks", hint: "Webhooks", keywords: ["log", "replay"] },
  { to: "/webhooks?tab=events", label: "Types of events", hint: "Webhooks", keywords: ["schema"] },
  { to: "/usage/budgets", label: "Budgets", hint: "Usage and plan", keywords: ["limits", "caps"] },
  { to: "/usage/statement", label: "Statement", hint: "Usage and plan", keywords: ["ledger", "entries", "invoice"] },
  { to: "/usage/plan", label: "Plan", hint: "Usage and plan", keywords: ["plans", "rate limit"] },
  { to: "/team?tab=invitations", label: "Invitations", hint: "Team" },
  { to: "/team?tab=roles", label: "Roles", hint: "Team", keywords: ["rights", "who may"] },
  { to: "/team?tab=audit", label: "Audit log", hint: "Team", keywords: ["changes", "who did"] },
  { to: "/settings?tab=privacy", label: "Retention and erasure", hint: "Settings", keywords: ["privacy", "gdpr", "forget", "erase user"] },
  { to: "/settings?tab=workspaces", label: "Workspaces", hint: "Settings", keywords: ["new workspace"] },
  { to: "/settings?tab=dead-letters", label: "Dead letters", hint: "Settings", keywords: ["bus", "messages that could not be handled", "send again", "discard"], isOperators: true },
  { to: "/settings?tab=account", label: "Your account", hint: "Settings", keywords: ["password", "sessions"] },
];

export const JUMPS: ReadonlyMap<string, { to: string; label: string }> = new Map([...NAV.flatMap((group) => group.items), ...ACCOUNT].map((item) => [item.jump, item]));

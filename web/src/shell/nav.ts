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
      { to: "/test-runs", label: "Test runs", icon: ListChecks, jump: "t" },
      { to: "/optimize", label: "Optimize", icon: Wand, jump: "o" },
      { to: "/experiments", label: "Experiments", icon: FlaskConical, jump: "x" },
    ],
  },
  {
    label: "Observe",
    items: [
      { to: "/analytics", label: "Analytics", icon: Activity, jump: "a" },
      { to: "/runs", label: "Runs", icon: ScrollText, jump: "r", also: ["/content"] },
      { to: "/alerts", label: "Alerts", icon: BellRing, jump: "e" },
    ],
  },
  {
    label: "Connect",
    items: [
      { to: "/webhooks", label: "Webhooks", icon: Webhook, jump: "w" },
      { to: "/api-keys", label: "API keys", icon: KeyRound, jump: "k" },
      { to: "/providers", label: "Providers", icon: PlugZap, jump: "v" },
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

export const JUMPS: ReadonlyMap<string, { to: string; label: string }> = new Map([...NAV.flatMap((group) => group.items), ...ACCOUNT].map((item) => [item.jump, item]));

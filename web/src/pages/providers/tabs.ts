/** What stands between an application and the models that answer it: pages of their own under one item of the navigation. */
export const PROVIDER_TABS: readonly { to: string; label: string; exact?: boolean }[] = [
  { to: "/providers", label: "Keys", exact: true },
  { to: "/models", label: "Models" },
  { to: "/routing", label: "Routing" },
  { to: "/guardrails", label: "Guardrails" },
  { to: "/cache", label: "Cache" },
];

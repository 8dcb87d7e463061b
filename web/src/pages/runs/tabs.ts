/** Everything that was asked of models, by how it was asked. */
export const RUNS_TABS = [
  { to: "/runs", label: "Runs" },
  { to: "/sessions", label: "Sessions" },
  { to: "/groups", label: "No prompt" },
  { to: "/batches", label: "Batches" },
  { to: "/content", label: "Content jobs" },
] as const;

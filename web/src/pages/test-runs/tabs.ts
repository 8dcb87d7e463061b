/** What answers are tested and scored by: pages of their own under one item of the navigation. */
export const EVALUATION_TABS: readonly { to: string; label: string; exact?: boolean }[] = [
  { to: "/test-runs", label: "Test runs" },
  { to: "/evaluators", label: "Evaluators", exact: true },
  { to: "/evaluators/live", label: "Live evaluations" },
  { to: "/evaluators/scores", label: "Scores" },
];

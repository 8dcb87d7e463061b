/** The two halves of the library. */
export const TABS = [
  { to: "/library", label: "Published", exact: true },
  { to: "/library/templates", label: "Templates" },
] as const;

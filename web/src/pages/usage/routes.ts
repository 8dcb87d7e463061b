import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/usage", load: () => import("./UsagePage") },
  { path: "/usage/budgets", load: () => import("./BudgetsPage") },
  { path: "/usage/statement", load: () => import("./StatementPage") },
  { path: "/usage/plan", load: () => import("./PlanPage") },
];

export default routes;

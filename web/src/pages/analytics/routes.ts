import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/analytics", load: () => import("./AnalyticsPage") },
  { path: "/analytics/costs", load: () => import("./CostsPage") },
  { path: "/analytics/failures", load: () => import("./FailuresPage") },
  { path: "/analytics/recounts", load: () => import("./RecountsPage") },
  { path: "/analytics/reports", load: () => import("./ReportsPage") },
  { path: "/analytics/reports/$id", load: () => import("./ReportPage") },
];

export default routes;

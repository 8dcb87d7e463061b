import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/analytics", load: () => import("./AnalyticsPage") },
];

export default routes;

import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/alerts", load: () => import("./AlertsPage") },
  { path: "/alerts/$id", load: () => import("./AlertPage") },
];

export default routes;

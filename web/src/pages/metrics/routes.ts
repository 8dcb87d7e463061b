import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [{ path: "/analytics/metrics", load: () => import("./MetricsPage") }];

export default routes;

import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/test-runs", load: () => import("./TestRunsPage") },
  { path: "/test-runs/$id", load: () => import("./TestRunPage") },
];

export default routes;

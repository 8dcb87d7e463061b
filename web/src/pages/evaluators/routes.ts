import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/evaluators", load: () => import("./EvaluatorsPage") },
  { path: "/evaluators/live", load: () => import("./LivePage") },
  { path: "/evaluators/scores", load: () => import("./ScoresPage") },
  { path: "/evaluators/$id", load: () => import("./EvaluatorPage") },
];

export default routes;

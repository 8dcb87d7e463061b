import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/optimize", load: () => import("./OptimizePage") },
  { path: "/optimize/suggestions/$id", load: () => import("./SuggestionPage") },
  { path: "/optimize/generations/$id", load: () => import("./GenerationPage") },
  { path: "/optimize/$id", load: () => import("./OptimizationPage") },
];

export default routes;

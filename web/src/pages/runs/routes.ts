import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/runs", load: () => import("./RunsPage") },
  { path: "/runs/$id", load: () => import("./RunPage") },
  { path: "/sessions", load: () => import("./SessionsPage") },
  { path: "/sessions/$id", load: () => import("./SessionPage") },
];

export default routes;

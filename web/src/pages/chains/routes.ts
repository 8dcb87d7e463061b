import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/chains", load: () => import("./ChainsPage") },
  { path: "/chains/$slug", load: () => import("./ChainPage") },
];

export default routes;

import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/providers", load: () => import("./ProvidersPage") },
];

export default routes;

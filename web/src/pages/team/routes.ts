import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/team", load: () => import("./TeamPage") },
];

export default routes;

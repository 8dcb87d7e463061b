import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/start", load: () => import("./StartPage") },
];

export default routes;

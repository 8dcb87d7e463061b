import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/usage", load: () => import("./UsagePage") },
];

export default routes;

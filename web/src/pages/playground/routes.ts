import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/playground", load: () => import("./PlaygroundPage") },
];

export default routes;

import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/datasets", load: () => import("./DatasetsPage") },
  { path: "/datasets/$id", load: () => import("./DatasetPage") },
];

export default routes;

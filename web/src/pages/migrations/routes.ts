import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/optimize/migrations", load: () => import("./MigrationsPage") },
  { path: "/optimize/migrations/$id", load: () => import("./MigrationPage") },
];

export default routes;

import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/optimize/schedules", load: () => import("./SchedulesPage") },
  { path: "/optimize/schedules/$id", load: () => import("./SchedulePage") },
];

export default routes;

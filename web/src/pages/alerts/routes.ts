import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/alerts", load: () => import("./AlertsPage") },
  { path: "/alerts/rules", load: () => import("./RulesPage") },
  { path: "/alerts/channels", load: () => import("./ChannelsPage") },
  { path: "/alerts/mutes", load: () => import("./MutesPage") },
  { path: "/alerts/$id", load: () => import("./AlertPage") },
];

export default routes;

import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/settings", load: () => import("./SettingsPage") },
];

export default routes;

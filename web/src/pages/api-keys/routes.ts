import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/api-keys", load: () => import("./ApiKeysPage") },
];

export default routes;

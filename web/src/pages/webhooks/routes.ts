import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/webhooks", load: () => import("./WebhooksPage") },
  { path: "/webhooks/$id", load: () => import("./WebhookPage") },
];

export default routes;

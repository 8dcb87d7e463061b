import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [{ path: "/inbox", load: () => import("./InboxPage") }];

export default routes;

import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [{ path: "/groups", load: () => import("./GroupsPage") }];

export default routes;

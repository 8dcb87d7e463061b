import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [{ path: "/routing", load: () => import("./RoutingPage") }];

export default routes;

import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [{ path: "/review", load: () => import("./ReviewPage") }];

export default routes;

import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [{ path: "/cache", load: () => import("./CachePage") }];

export default routes;

import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [{ path: "/models", load: () => import("./ModelsPage") }];

export default routes;

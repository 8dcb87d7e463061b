import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [{ path: "/content", load: () => import("./ContentPage") }];

export default routes;

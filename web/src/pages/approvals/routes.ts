import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [{ path: "/approvals", load: () => import("./ApprovalsPage") }];

export default routes;

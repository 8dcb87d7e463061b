import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [{ path: "/analytics/feedback", load: () => import("./FeedbackPage") }];

export default routes;

import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [{ path: "/guardrails", load: () => import("./GuardrailsPage") }];

export default routes;

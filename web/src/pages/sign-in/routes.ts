import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [{ path: "/sign-in", bare: true, load: () => import("./SignInPage") }];

export default routes;

import type { PageRoute } from "@/lib/pages";

/** Every part of the kit on one page, at /app/kit, in development only: the build leaves it out. */
const routes: PageRoute[] = import.meta.env.DEV ? [{ path: "/kit", load: () => import("./KitPage") }] : [];

export default routes;

import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/library", load: () => import("./LibraryPage") },
  { path: "/library/$id", load: () => import("./LibraryEntryPage") },
];

export default routes;

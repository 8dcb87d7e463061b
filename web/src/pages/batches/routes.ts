import type { PageRoute } from "@/lib/pages";

const routes: PageRoute[] = [
  { path: "/batches", load: () => import("./BatchesPage") },
  { path: "/batches/files", load: () => import("./FilesPage") },
  { path: "/batches/$id", load: () => import("./BatchPage") },
];

export default routes;

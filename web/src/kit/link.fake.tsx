/** The router's parts for tests that have no router. The link: an anchor, to which what the router alone understands is not handed on. */
import type { ComponentProps } from "react";

export function Link({ to, children, className, ...rest }: ComponentProps<"a"> & { to?: string }) {
  return (
    <a href={to} className={className} aria-current={rest["aria-current"]} aria-label={rest["aria-label"]}>
      {children}
    </a>
  );
}

const history = { location: { search: "", state: {} } };

/** Of the router itself only where it stands: at an address that says nothing. */
export const useRouter = () => ({ history });

import { Link } from "@tanstack/react-router";
import { LoaderCircle } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { classes } from "@/lib/classes";
import { useLate } from "@/lib/late";
import { ALONE } from "@/lib/pages";
import { Tooltip } from "./Tooltip";

type Look = { variant?: "primary" | "secondary" | "ghost" | "danger"; size?: "m" | "s" };

function look({ variant = "secondary", size = "m" }: Look): string {
  return classes(
    "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-m font-medium whitespace-nowrap select-none transition-colors duration-100",
    "disabled:opacity-50 disabled:cursor-not-allowed aria-disabled:not-aria-busy:opacity-50 aria-disabled:not-aria-busy:cursor-not-allowed",
    size === "m" ? "h-8 px-3 text-13 finger:h-10" : "h-7 px-2 text-12 finger:h-9",
    variant === "primary" && "bg-accent text-accent-fg not-disabled:not-aria-disabled:hover:bg-accent-strong",
    variant === "secondary" && "border border-line-strong/50 bg-panel text-fg not-disabled:not-aria-disabled:hover:bg-sunken not-disabled:not-aria-disabled:hover:border-line-strong",
    variant === "ghost" && "text-fg not-disabled:not-aria-disabled:hover:bg-sunken",
    variant === "danger" && "bg-bad text-bad-fg not-disabled:not-aria-disabled:hover:bg-bad-strong",
  );
}

export type ButtonProps = ComponentProps<"button"> &
  Look & {
    icon?: ReactNode;
    /** Takes no second press, and shows that it is at work where that lasts. */
    busy?: boolean;
    /** Has nothing to do for now. Unlike `disabled` it keeps the focus: for one that its own press brings to an end, such as "Next". */
    ended?: boolean;
    /** Why it is disabled. It stays reachable by keyboard then, so that everybody can learn it. */
    why?: string;
  };

export function Button({ variant, size, icon, busy, ended, why, disabled, className, children, type = "button", onClick, ...rest }: ButtonProps) {
  const explained = Boolean(disabled && why);
  const isLate = useLate(Boolean(busy));
  const button = (
    <button
      {...rest}
      type={explained ? "button" : type}
      disabled={disabled && !explained}
      aria-disabled={explained || busy || ended || undefined}
      aria-busy={busy || undefined}
      onClick={explained || busy || ended ? (event) => event.preventDefault() : onClick}
      className={classes(look({ variant, size }), isLate && "cursor-not-allowed opacity-50", className)}
    >
      {isLate ? <LoaderCircle size={14} aria-hidden className="animate-spin" /> : icon}
      {children}
    </button>
  );
  return explained ? <Tooltip text={why ?? ""}>{button}</Tooltip> : button;
}

/** A button of one icon. `label` is its name for everybody who does not see it, and the tooltip. */
export function IconButton({ label, icon, variant = "ghost", size = "m", className, ...rest }: Omit<ButtonProps, "children" | "icon"> & { label: string; icon: ReactNode }) {
  const button = (
    <Button {...rest} aria-label={label} variant={variant} size={size} className={classes(size === "m" ? "w-8 px-0! finger:w-10" : "w-7 px-0! finger:w-9", variant === "ghost" && "text-muted hover:text-fg", className)}>
      {icon}
    </Button>
  );
  // Where it is off and says why, the button has that as its tooltip.
  return rest.disabled && rest.why ? button : <Tooltip text={label}>{button}</Tooltip>;
}

type LinkProps = Look & { to: string; search?: Record<string, unknown>; icon?: ReactNode; children: ReactNode; className?: string; external?: boolean };

/** Looks like a button and goes somewhere. `to` is the whole path, such as `/prompts/triage`. `off`: why whoever looks has nothing to do there, such as
 * in a form that only editors may send; then it is a button that says so. */
export function ButtonLink({ to, search, variant, size, icon, off, children, className }: LinkProps & { off?: string | false }) {
  if (off) return <Button disabled why={off} variant={variant} size={size} icon={icon} className={className}>{children}</Button>;
  return (
    <Link to={to} search={search as never} activeOptions={ALONE} className={classes(look({ variant, size }), className)}>
      {icon}
      {children}
    </Link>
  );
}

/** A link within the page. */
export function TextLink({ to, search, children, className, onClick }: { to: string; search?: Record<string, unknown>; children: ReactNode; className?: string; onClick?: () => void }) {
  return (
    <Link to={to} search={search as never} activeOptions={ALONE} onClick={onClick} className={classes("text-accent underline decoration-accent/40 underline-offset-2 hover:decoration-accent", className)}>
      {children}
    </Link>
  );
}

import type { ReactNode } from "react";
import { NavTabs, Page } from "@/kit";

const TABS = [
  { to: "/analytics", label: "Overview", exact: true },
  { to: "/analytics/costs", label: "Costs" },
  { to: "/analytics/failures", label: "Failures" },
  { to: "/analytics/reports", label: "Reports" },
  { to: "/analytics/feedback", label: "Feedback" },
  { to: "/analytics/metrics", label: "Metrics" },
] as const;

/** The frame of every page of analytics: one heading, and the way to the others. */
export function Head({ title, subtitle, actions, children }: { title: string; subtitle?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <Page title={title} subtitle={subtitle} actions={actions}>
      <NavTabs label="Analytics" tabs={TABS} />
      {children}
    </Page>
  );
}

import type { ReactNode } from "react";
import { NavTabs, Page } from "@/kit";

const TABS = [
  { to: "/usage", label: "Usage", exact: true },
  { to: "/usage/budgets", label: "Budgets" },
  { to: "/usage/statement", label: "Statement" },
  { to: "/usage/plan", label: "Plan" },
] as const;

export function Head({ title, subtitle, actions, children }: { title: string; subtitle?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <Page title={title} subtitle={subtitle} actions={actions}>
      <NavTabs label="Usage and plan" tabs={TABS} />
      {children}
    </Page>
  );
}

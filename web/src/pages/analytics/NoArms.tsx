import { Split } from "lucide-react";
import { ButtonLink, EmptyState } from "@/kit";

/** Where figures are asked for by arm, and nothing took part in an experiment. */
export function NoArms() {
  return (
    <EmptyState icon={<Split size={18} />} title="No experiment ran in this time" action={<ButtonLink to="/experiments">Experiments</ButtonLink>}>
      Each run that takes part in an experiment is counted for its arm. Take a longer time, or start one.
    </EmptyState>
  );
}

import type { MouseEvent } from "react";

/** For a button that comes where another was, such as Stop in the place of Run: the second press of a double click is still meant for that one. */
export const firstPress = (act: () => void) => (event: MouseEvent) => {
  if (event.detail < 2) act();
};

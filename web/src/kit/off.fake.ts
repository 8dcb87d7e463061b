/** Whether a button takes no press: off, or off and saying why. */
export const isOff = (button: Element): boolean => button.hasAttribute("disabled") || button.getAttribute("aria-disabled") === "true";

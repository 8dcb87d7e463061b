// Runs before the first paint, so that nobody sees the wrong theme for a moment. A file of its own: the policy allows no inline script.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("burnish.theme");
  } catch (_refused) {
    // Storage is switched off: follow the system.
  }
  var dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();

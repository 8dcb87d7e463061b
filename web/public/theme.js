// Runs before the first paint, so that nobody sees the wrong theme for a moment. A file of its own: the policy allows no inline script.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem("burnish.theme");
  } catch (_refused) {
    // Storage is switched off: follow the system.
  }
  // On a ground of somebody's own colours what is drawn has to suit that.
  if (matchMedia("(forced-colors: active)").matches) chosen = null;
  var dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();

// Where the page's code cannot be fetched nothing else is there to say so.
addEventListener(
  "error",
  function (event) {
    var coming = document.getElementById("coming");
    if (!coming || !(event.target instanceof HTMLScriptElement)) return;
    coming.firstElementChild.textContent = "This page could not be loaded. Check the connection.";
    var again = document.createElement("button");
    again.className = "h-10 rounded-m border border-line-strong/50 bg-panel px-3 font-medium text-fg";
    again.textContent = "Load the page again";
    again.addEventListener("click", function () {
      location.reload();
    });
    if (!coming.querySelector("button")) coming.append(again);
  },
  true,
);

/* j and k walk the rows, Enter opens one, x ticks it; the page works without them. */
(function () {
  "use strict";
  var links = Array.prototype.slice.call(document.querySelectorAll("[data-row]"));
  function here() { return links.findIndex(function (link) { return link.closest("tr").contains(document.activeElement); }); }
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !links.length) { return; }
    var on = document.activeElement;
    if (/^(TEXTAREA|SELECT)$/.test(on.tagName) || (on.tagName === "INPUT" && on.type !== "checkbox")) { return; }
    var at = here();
    if (event.key === "j" || event.key === "k") {
      event.preventDefault();
      var to = event.key === "j" ? Math.min(at + 1, links.length - 1) : Math.max(at - 1, 0);
      links[to].focus();
      links[to].scrollIntoView({ block: "nearest" });
    } else if (event.key === "x" && at >= 0) {
      event.preventDefault();
      var box = links[at].closest("tr").querySelector("input[type=checkbox]");
      box.checked = !box.checked;
    } else if (event.key === "Enter" && at >= 0 && on.type === "checkbox") {
      event.preventDefault();
      links[at].click();
    }
  });
  var all = document.querySelector("[data-tick-all]");
  if (all) {
    all.addEventListener("change", function () {
      document.querySelectorAll("input[name=" + (all.dataset.tickAll || "task") + "]").forEach(function (box) { box.checked = all.checked; });
    });
  }
})();

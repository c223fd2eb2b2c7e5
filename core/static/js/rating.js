/* Keys 1 to 5 choose the score; the page works without. */
(function () {
  "use strict";
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !/^[1-5]$/.test(event.key)) { return; }
    if (/^(TEXTAREA|SELECT)$/.test(event.target.tagName)) { return; }
    var score = document.getElementById("score-" + event.key);
    if (score) { event.preventDefault(); score.checked = true; score.focus(); }
  });
})();

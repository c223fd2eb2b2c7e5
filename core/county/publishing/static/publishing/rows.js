/* Adds a row to a list of parts; without JavaScript the page offers empty rows and more after saving. */
(function () {
  "use strict";
  document.querySelectorAll("[data-rows]").forEach(function (list) {
    var button = list.querySelector("[data-add]");
    var pattern = list.querySelector("template");
    var total = list.querySelector("input[name$=-TOTAL_FORMS]");
    if (!button || !pattern || !total) { return; }
    button.hidden = false;
    button.addEventListener("click", function () {
      var number = Number(total.value);
      var holder = document.createElement("div");
      holder.innerHTML = pattern.innerHTML.replace(/__prefix__/g, String(number));
      var row = holder.firstElementChild;
      button.before(row);
      total.value = String(number + 1);
      var field = row.querySelector("input:not([type=hidden]), select");
      if (field) { field.focus(); }
    });
  });
})();

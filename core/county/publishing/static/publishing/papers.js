/* Puts a placeholder where the cursor was; without JavaScript it is typed. */
(function () {
  "use strict";
  var last = document.getElementById("id_paragraphs");
  document.querySelectorAll("#paper-form input[type=text], #paper-form textarea").forEach(function (field) {
    field.addEventListener("focus", function () { last = field; });
  });
  document.querySelectorAll("[data-insert]").forEach(function (button) {
    button.addEventListener("click", function () {
      last.setRangeText(button.dataset.insert, last.selectionStart, last.selectionEnd, "end");
      last.focus();
      last.dispatchEvent(new Event("input", { bubbles: true }));
    });
  });
})();

/* Small helps; every page works without them. */
(function () {
  "use strict";
  // data-print: a button that prints. data-confirm: a button that asks first.
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-print]");
    if (button) { event.preventDefault(); window.print(); return; }
    var asking = event.target.closest("[data-confirm]");
    if (asking && !window.confirm(asking.dataset.confirm)) { event.preventDefault(); event.stopPropagation(); }
  });
  // One press, one act: the button of a form that was sent says so and takes no second press.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    window.addEventListener("pageshow", function () { delete form.dataset.sent; }, { once: true });
  });
  // A form that came back goes to what is wrong with it.
  var wrong = document.querySelector(".yz-invalid input:not([type=hidden]), .yz-invalid select, .yz-invalid textarea");
  if (wrong) { wrong.focus(); }
  // "/" goes to the search box.
  document.addEventListener("keydown", function (event) {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) { return; }
    var search = document.querySelector("[data-search]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
  });
})();

/* Intake: saves as one types, hides materials of other situations, marks all as handed in, takes photographs. */
(function () {
  "use strict";
  var form = document.getElementById("intake");
  if (!form) { return; }
  var timer = null;
  function changed(wait) {
    window.clearTimeout(timer);
    timer = window.setTimeout(function () { htmx.trigger("#outcome", "yz:changed"); }, wait);
  }
  form.addEventListener("input", function (event) { if (event.target.type !== "file") { changed(700); } });
  form.addEventListener("change", function (event) { if (event.target.type !== "file") { changed(150); } });
  // The draft is kept even when the window is closed in the middle of a word.
  form.addEventListener("submit", function () { window.clearTimeout(timer); });

  function situations() {
    var chosen = form.querySelector("[name=situation]:checked");
    form.querySelectorAll(".yz-mat").forEach(function (row) {
      var only = row.dataset.situations ? row.dataset.situations.split(" ") : [];
      row.hidden = Boolean(chosen && only.length && only.indexOf(chosen.value) < 0);
    });
  }
  form.addEventListener("change", function (event) { if (event.target.name === "situation") { situations(); } });
  situations();

  var kinds = form.querySelectorAll("[name=kind]");
  kinds.forEach(function (radio) {
    radio.addEventListener("change", function () {
      var type = document.getElementById("id_type");
      var codes = radio.value === "person" ? ["citizen_id", "passport", "other"] : ["uscc", "other"];
      var words = JSON.parse(document.getElementById("id-types").textContent);
      type.replaceChildren.apply(type, codes.map(function (code) { return new Option(words[code], code); }));
    });
  });

  var all = form.querySelector("[data-all-received]");
  if (all) {
    all.hidden = false;
    all.addEventListener("click", function () {
      form.querySelectorAll(".yz-mat[data-required]:not([hidden])").forEach(function (row) {
        var none = row.querySelector("input[value='']:checked");
        var received = row.querySelector("input[value=received]");
        if (none && received) { received.checked = true; }
      });
      changed(0);
    });
  }

  // A file that was taken is on the server: it must not be sent a second time with the form.
  document.body.addEventListener("htmx:afterRequest", function (event) {
    var source = event.detail.elt;
    if (source && source.type === "file") {
      var row = source.closest(".yz-mat") || document.getElementById("scans-" + source.name.slice(5)).closest(".yz-mat");
      if (event.detail.successful) { source.value = ""; }
      // Who scans a material has it in hand.
      if (row && row.querySelector(".yz-files") && row.querySelector("input[value='']:checked")) {
        row.querySelector("input[value=received]").checked = true;
      }
      changed(0);
    }
  });

  function offerCamera() {
    if (!(navigator.mediaDevices && navigator.mediaDevices.getUserMedia && window.HTMLDialogElement)) { return; }
    form.querySelectorAll("[data-camera]").forEach(function (button) { button.hidden = false; });
  }
  offerCamera();
  document.body.addEventListener("htmx:afterSwap", offerCamera);

  form.addEventListener("click", function (event) {
    var button = event.target.closest("[data-camera]");
    if (button) { photograph(form.querySelector("[name='" + button.dataset.camera + "']")); }
  });

  function photograph(input) {
    var dialog = document.getElementById("camera");
    var video = dialog.querySelector("video");
    var note = dialog.querySelector("[role=alert]");
    var stream = null;
    note.hidden = true;
    dialog.showModal();
    navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 2560 }, facingMode: "environment" } }).then(function (got) {
      stream = got;
      video.srcObject = stream;
      return video.play();
    }).catch(function () { note.hidden = false; });
    dialog.querySelector("[data-take]").onclick = function () {
      if (!video.videoWidth) { return; }
      var canvas = document.createElement("canvas");
      canvas.width = video.videoWidth;
      canvas.height = video.videoHeight;
      canvas.getContext("2d").drawImage(video, 0, 0);
      canvas.toBlob(function (blob) {
        var files = new DataTransfer();
        var name = new Date().toISOString().slice(0, 19).replace(/[-:T]/g, "") + ".jpg";
        files.items.add(new File([blob], name, { type: "image/jpeg" }));
        input.files = files.files;
        htmx.trigger(input, "change");
        dialog.close();
      }, "image/jpeg", 0.85);
    };
    dialog.onclose = function () {
      if (stream) { stream.getTracks().forEach(function (track) { track.stop(); }); }
      video.srcObject = null;
    };
  }
})();

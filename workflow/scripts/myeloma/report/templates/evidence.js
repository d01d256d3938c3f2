"use strict";
(function () {
  const data = document.getElementById("sessions");
  if (!data) return;
  const sessions = JSON.parse(data.textContent);
  const buttons = document.querySelectorAll("button[data-event]");
  const options = {
    sessionURL: sessions["0"],
    showChromosomeWidget: false,
    showCenterGuide: true,
    search: false,
    loadDefaultGenomes: false,
    genomeList: [],
  };
  igv.createBrowser(document.getElementById("igv"), options).then(function (browser) {
    document.body.dataset.ready = "0";
    buttons.forEach(function (button) {
      button.addEventListener("click", function () {
        buttons.forEach(function (other) {
          other.setAttribute("aria-pressed", String(other === button));
        });
        browser.loadSession({ url: sessions[button.dataset.event] }).then(function () {
          document.body.dataset.ready = button.dataset.event;
        });
      });
    });
  });
})();

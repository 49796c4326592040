"use strict";
// Search among the processes.
(function () {
  var search = document.getElementById("search");
  var found = document.getElementById("found");
  var rows = Array.prototype.slice.call(document.querySelectorAll("tbody tr"));
  function draw() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var count = 0;
    rows.forEach(function (row) {
      var text = row.textContent.toLowerCase();
      row.hidden = !words.every(function (word) { return text.indexOf(word) >= 0; });
      count += row.hidden ? 0 : 1;
    });
    found.textContent = covTrace.number(count) + " of " + covTrace.number(rows.length) + " processes";
  }
  search.addEventListener("input", draw);
  search.form.addEventListener("submit", function (event) { event.preventDefault(); });
  search.form.hidden = false;
  draw();
})();

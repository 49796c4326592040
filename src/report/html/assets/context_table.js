"use strict";
// The table of contexts: search, choice, order, and those that ran a line.
(function () {
  var all = covTraceIn.all;
  var sources = window.covTraceSources || [];
  var body = document.querySelector("#contexts tbody");
  var rows = Array.prototype.map.call(body.rows, function (row, index) {
    return { row: row, index: index, lower: all[index][0].toLowerCase(), lines: all[index][1], unique: all[index][2], time: all[index][4], result: all[index][5], failed: all[index][6], kinds: all[index][7] };
  });
  var search = document.getElementById("search");
  var show = document.getElementById("show");
  var found = document.getElementById("found");
  var ofLine = document.getElementById("of-line");
  var order = { key: "name", descending: false };
  // The sets of contexts that ran the line that is asked about; null where none is.
  var ran = null;

  function compare(one, other) {
    var by = 0;
    if (order.key === "name") { by = one.index - other.index; } else if (one[order.key] !== other[order.key]) { by = one[order.key] < other[order.key] ? -1 : 1; }
    return (order.descending ? -by : by) || one.index - other.index;
  }

  function wanted(context) {
    if (show.value === "unique") { return context.unique > 0; }
    if (show.value === "redundant") { return context.unique === 0; }
    if (show.value === "failed") { return context.failed; }
    return true;
  }

  function draw() {
    var words = search.value.toLowerCase().split(" ").filter(Boolean);
    var count = 0;
    rows.forEach(function (context) {
      var takes = wanted(context) && words.every(function (word) { return context.lower.indexOf(word) >= 0; }) && (ran === null || ran.some(function (runs) { return covTrace.runs.has(runs, context.index); }));
      context.row.hidden = !takes;
      count += takes ? 1 : 0;
    });
    found.textContent = covTrace.number(count) + " of " + covTrace.number(all.length) + " contexts";
  }

  function sort() {
    var ordered = rows.slice().sort(compare).map(function (context) { return context.row; });
    body.append.apply(body, ordered);
  }

  document.querySelectorAll("#contexts thead button").forEach(function (button) {
    button.disabled = false;
    button.addEventListener("click", function () {
      var key = button.dataset.key;
      var descending = ["name", "kinds", "result"].indexOf(key) < 0;
      order = { key: key, descending: order.key === key ? !order.descending : descending };
      document.querySelectorAll("#contexts thead th").forEach(function (head) { head.removeAttribute("aria-sort"); });
      button.parentElement.setAttribute("aria-sort", order.descending ? "descending" : "ascending");
      sort();
    });
  });

  function follow() {
    var source = covTraceIn.inAddress("source", sources.length);
    var number = covTraceIn.inAddress("line", Infinity);
    ofLine.hidden = source === null || number === null;
    if (ofLine.hidden) {
      ran = null;
      draw();
      return;
    }
    var line = document.getElementById("line");
    line.textContent = "line " + number + " of " + sources[source][0];
    line.href = sources[source][1] + "#L" + number;
    covTraceIn.load("source-" + source, function (data) {
      var sets = data ? data.sets : [];
      ran = sets.filter(function (set) { return covTrace.runs.has(set[0], number); }).map(function (set) { return set[2]; });
      draw();
    });
  }

  window.addEventListener("hashchange", follow);
  search.addEventListener("input", draw);
  search.form.addEventListener("submit", function (event) { event.preventDefault(); });
  search.form.hidden = false;
  show.addEventListener("change", draw);
  follow();
})();

"use strict";
// The table of files: folding, search, filters, order, and keys.
(function () {
  var nodes = covTrace.data().map(function (row, index) {
    return { index: index, parent: row[0], name: row[1], lines: row[2][0], ran: row[2][1], functions: row[2][2], called: row[2][3], odd: row[3], children: [], open: false, row: null, file: false, path: "" };
  });
  var body = document.querySelector("#files tbody");
  var rows = Array.prototype.slice.call(body.rows);
  var top = [];
  nodes.forEach(function (node) {
    node.row = rows[node.index];
    node.link = node.row.querySelector("a");
    node.file = node.link !== null;
    node.path = (node.parent < 0 ? "" : nodes[node.parent].path) + node.name;
    node.lower = node.path.toLowerCase();
    node.whole = [node.ran, node.called];
    if (node.file) {
      node.href = node.link.getAttribute("href");
      // source/NUMBER-NAME.html
      node.source = Number(node.href.split("/")[1].split("-")[0]);
    }
    (node.parent < 0 ? top : nodes[node.parent].children).push(node);
    if (!node.file) {
      var place = node.row.querySelector(".folder");
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = node.name;
      button.addEventListener("click", function () {
        node.open = !node.open;
        draw();
      });
      place.textContent = "";
      place.appendChild(button);
      node.button = button;
    }
  });
  var files = nodes.filter(function (node) { return node.file; });

  // Folders are opened from the top as long as the rows stay few.
  (function () {
    var level = top;
    var shown = top.length;
    while (level.length > 0) {
      var below = [];
      level.forEach(function (node) { below = below.concat(node.children); });
      shown += below.length;
      if (shown > 60 && level !== top) { return; }
      level.forEach(function (node) { node.open = true; });
      level = below;
    }
  })();

  var search = document.getElementById("search");
  var show = document.getElementById("show");
  var flat = document.getElementById("flat");
  var fold = document.getElementById("fold");
  var found = document.getElementById("found");
  var order = { key: "name", descending: false };

  var keys = {
    cover: function (node) { return node.lines === 0 ? 1 : node.ran / node.lines; },
    lines: function (node) { return node.lines; },
    missed: function (node) { return node.lines - node.ran; },
    functions: function (node) { return node.functions === 0 ? 1 : node.called / node.functions; }
  };

  function compare(one, other) {
    var by = 0;
    if (order.key === "name") {
      // Names come in order, folders first.
      by = flat.checked ? (one.path < other.path ? -1 : 1) : one.index - other.index;
    } else {
      by = keys[order.key](one) - keys[order.key](other);
    }
    return (order.descending ? -by : by) || one.index - other.index;
  }

  function wanted(node) {
    if (show.value === "part") { return node.ran < node.lines; }
    if (show.value === "low") { return node.ran * 4 < node.lines * 3; }
    if (show.value === "some") { return node.ran > 0; }
    if (show.value === "none") { return node.ran === 0; }
    if (show.value === "odd") { return node.odd; }
    return true;
  }

  function draw() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    var filtering = words.length > 0 || show.value !== "all";
    var count = 0;
    var lines = 0;
    var ran = 0;
    nodes.forEach(function (node) { node.takes = false; });
    files.forEach(function (node) {
      node.takes = wanted(node) && words.every(function (word) { return node.lower.indexOf(word) >= 0; });
      if (!node.takes) { return; }
      count += 1;
      lines += node.lines;
      ran += node.ran;
      for (var above = node.parent; above >= 0 && !nodes[above].takes; above = nodes[above].parent) { nodes[above].takes = true; }
    });
    var ordered = [];
    function add(list, visible) {
      list.slice().sort(compare).forEach(function (node) {
        node.row.hidden = !(visible && node.takes);
        ordered.push(node.row);
        if (!node.file) {
          var open = filtering || node.open;
          node.button.setAttribute("aria-expanded", String(open));
          add(node.children, visible && open);
        }
      });
    }
    if (flat.checked) {
      files.slice().sort(compare).forEach(function (node) {
        node.row.hidden = !node.takes;
        ordered.push(node.row);
      });
      nodes.forEach(function (node) {
        if (node.file) { return; }
        node.row.hidden = true;
        ordered.push(node.row);
      });
    } else {
      add(top, true);
    }
    files.forEach(function (node) {
      var name = (flat.checked ? node.path : node.name) || "(no name)";
      if (node.link.textContent !== name) { node.link.textContent = name; }
    });
    body.parentElement.classList.toggle("is-flat", flat.checked);
    // Rows that stay where they are keep the focus.
    if (ordered.some(function (row, index) { return body.rows[index] !== row; })) { body.append.apply(body, ordered); }
    fold.hidden = flat.checked || filtering;
    fold.textContent = nodes.some(function (node) { return !node.file && !node.open; }) ? "Open all" : "Close all";
    found.textContent = covTrace.number(count) + " of " + covTrace.number(files.length) + " files" + (filtering ? ", " + covTrace.percent(ran, lines) + " of their lines ran" : "");
  }

  document.querySelectorAll("#files thead button").forEach(function (button) {
    button.disabled = false;
    button.addEventListener("click", function () {
      var key = button.dataset.key;
      // The worst first.
      var descending = key === "missed" || key === "lines";
      order = { key: key, descending: order.key === key ? !order.descending : descending };
      document.querySelectorAll("#files thead th").forEach(function (head) { head.removeAttribute("aria-sort"); });
      button.parentElement.setAttribute("aria-sort", order.descending ? "descending" : "ascending");
      draw();
    });
  });
  search.addEventListener("input", draw);
  search.form.addEventListener("submit", function (event) { event.preventDefault(); });
  search.form.hidden = false;
  show.addEventListener("change", draw);
  flat.addEventListener("change", draw);
  fold.addEventListener("click", function () {
    var open = nodes.some(function (node) { return !node.file && !node.open; });
    nodes.forEach(function (node) { node.open = open; });
    draw();
  });

  function step(by) {
    var shown = Array.prototype.filter.call(body.rows, function (row) { return !row.hidden; });
    var at = shown.findIndex(function (row) { return row.contains(document.activeElement); });
    var row = shown[at < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, at + by))];
    if (row) { row.querySelector("a, button").focus(); }
  }
  covTrace.key("n", function () { step(1); });
  covTrace.key("p", function () { step(-1); });
  draw();
  var redraw = window.covTraceMap ? window.covTraceMap(nodes, top) : draw;

  // Only what ran in one context, or all of it.
  var chosen = null;
  var contexts = window.covTraceIn || null;
  var field = contexts ? contexts.field(document.getElementById("context"), document.getElementById("about"), choose) : null;

  function choose(context) {
    chosen = context;
    try { window.history.replaceState(null, "", context === null ? "#" : "#context=" + context); } catch (error) { chosen = context; }
    if (context === null) {
      recount(function (node) { return node.whole; }, "");
      return;
    }
    contexts.sources(context, function (sources) {
      if (chosen !== context) { return; }
      var counts = {};
      sources.forEach(function (source) { counts[source.number] = [source.lines, source.functions]; });
      if (show.value === "all") { show.value = "some"; }
      recount(function (node) { return counts[node.source] || [0, 0]; }, "#context=" + context);
    });
  }

  function recount(counts, fragment) {
    nodes.forEach(function (node) {
      if (!node.file) { node.ran = node.called = 0; }
    });
    files.forEach(function (node) {
      var count = counts(node);
      node.ran = count[0];
      node.called = count[1];
      node.link.setAttribute("href", node.href + fragment);
      for (var above = node.parent; above >= 0; above = nodes[above].parent) {
        nodes[above].ran += node.ran;
        nodes[above].called += node.called;
      }
    });
    nodes.forEach(function (node) {
      var share = covTrace.percent(node.ran, node.lines);
      node.row.className = covTrace.level(node.ran, node.lines);
      node.row.querySelector(".meter rect").setAttribute("width", parseFloat(share));
      node.row.querySelector(".cover span").textContent = share;
      node.row.cells[3].textContent = covTrace.number(node.lines - node.ran);
      node.row.cells[4].textContent = node.functions > 0 ? node.called + "/" + node.functions : "";
    });
    draw();
    redraw();
  }

  function follow() { if (field) { field.show(contexts.named()); } }
  window.addEventListener("hashchange", follow);
  follow();
})();

"use strict";
// What ran in one context, file by file.
(function () {
  // Files that are listed at once, and those of them that are open at first.
  var LISTED = 500;
  var OPEN = 20;
  var sources = window.covTraceSources || [];
  var body = document.querySelector("#sources tbody");
  var more = document.getElementById("more");
  var current = null;

  function put(id, text) { document.getElementById(id).textContent = text; }

  function cell(row, text, name) {
    var element = row.insertCell();
    element.textContent = text;
    element.className = name;
    return element;
  }

  function ranges(gaps) {
    var at = 0;
    var list = [];
    for (var index = 0; index < gaps.length; index += 2) {
      at += gaps[index];
      list.push(gaps[index + 1] > 1 ? at + "\u2013" + (at + gaps[index + 1] - 1) : String(at));
      at += gaps[index + 1];
    }
    return list.join(", ");
  }

  // The lines and functions of a file, once they are looked at.
  function fill(place, source, page) {
    covTraceIn.load("source-" + source.number, function (data) {
      if (!data) { return; }
      var set = data.sets[source.set];
      var lines = document.createElement("p");
      lines.textContent = ranges(set[0]);
      var list = document.createElement("ul");
      covTrace.runs.list(set[1], Infinity).forEach(function (position) {
        var item = document.createElement("li");
        var link = document.createElement("a");
        link.href = page + "#L" + data.functions[position][0] + "&context=" + current;
        link.textContent = data.functions[position][1] || "(no name)";
        item.appendChild(link);
        list.appendChild(item);
      });
      place.append(lines, list);
    });
  }

  function add(source, index) {
    var known = sources[source.number];
    var row = body.insertRow();
    var head = document.createElement("th");
    var link = document.createElement("a");
    head.scope = "row";
    link.href = known[1] + "#context=" + current;
    link.textContent = known[0] || "(no name)";
    head.appendChild(link);
    row.appendChild(head);
    cell(row, covTrace.number(source.lines) + "/" + covTrace.number(known[2]), "");
    cell(row, covTrace.number(source.functions), "less");
    var details = document.createElement("details");
    var summary = document.createElement("summary");
    summary.textContent = "lines and functions";
    details.appendChild(summary);
    details.addEventListener("toggle", function () {
      if (details.open && details.childElementCount === 1) { fill(details, source, known[1]); }
    });
    cell(row, "", "ran").appendChild(details);
    details.open = index < OPEN;
  }

  function list(found, from) {
    var until = Math.min(found.length, from + LISTED);
    for (var index = from; index < until; index += 1) { add(found[index], index); }
    more.hidden = until === found.length;
    more.textContent = "List more of " + covTrace.number(found.length) + " files";
    more.onclick = function () { list(found, until); };
  }

  function show() {
    current = covTraceIn.named();
    document.getElementById("known").hidden = current === null;
    document.getElementById("unknown").hidden = current !== null;
    if (current === null) { return; }
    var context = covTraceIn.all[current];
    document.title = context[0] + " \u2013 coverage";
    put("name", context[0]);
    put("trail", context[0]);
    put("lines", covTrace.number(context[1]));
    put("unique", covTrace.number(context[2]));
    put("time", context[3]);
    put("kinds", context[7]);
    put("result", context[5]);
    document.getElementById("timed").hidden = context[3] === "";
    document.getElementById("opened").hidden = context[7] === "";
    document.getElementById("ended").hidden = context[5] === "";
    document.getElementById("result").classList.toggle("failed", context[6]);
    document.getElementById("tree").href = "index.html#context=" + current;
    body.textContent = "";
    var asked = current;
    covTraceIn.sources(asked, function (found) {
      if (asked !== current) { return; }
      put("functions", covTrace.number(found.reduce(function (sum, source) { return sum + source.functions; }, 0)));
      put("files", covTrace.number(found.length));
      list(found, 0);
    });
  }

  window.addEventListener("hashchange", show);
  show();
})();

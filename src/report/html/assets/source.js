"use strict";
// A source: missed lines, search, and who ran what.
(function () {
  var SHOWN = 200;
  var SHOWN_CONTEXTS = 20;
  var CHOICES = 1000;
  var code = document.getElementById("code");
  var lists = Array.prototype.slice.call(code.querySelectorAll("ol"));
  var sparse = lists.length === 1 && lists[0].classList.contains("bare");
  var calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  var processes = window.covTraceProcesses || [];
  var data = covTrace.data();

  var inRuns = covTrace.runs.has;
  var all = covTrace.runs.list;
  var size = covTrace.runs.size;
  // Where there are no contexts, there is no script of theirs.
  var contexts = window.covTraceIn || null;
  var own = "source-" + code.dataset.source;

  function lineOf(number) {
    if (sparse) { return lists[0].querySelector('li[value="' + number + '"]'); }
    var list = lists[Math.floor((number - 1) / 200)];
    return list ? list.children[(number - 1) % 200] || null : null;
  }

  function numberOf(item) {
    if (sparse) { return item.value; }
    return item.parentElement.start + Array.prototype.indexOf.call(item.parentElement.children, item);
  }

  // First and last of the missed lines that follow each other, whatever without code is between.
  var missed = [];
  var total = 0;
  (function () {
    var open = false;
    lists.forEach(function (list) {
      var number = list.start;
      for (var item = list.firstElementChild; item; item = item.nextElementSibling) {
        var line = sparse ? item.value : number;
        if (item.className === "m") {
          if (open) { missed[missed.length - 1][1] = line; } else { missed.push([line, line]); }
          open = true;
        } else if (item.className === "h") { open = false; }
        number += 1;
        total = line;
      }
    });
  })();

  var at = null;
  var chosen = null;
  var asked = null;
  var who = document.getElementById("who");
  var place = document.getElementById("place");

  // The line and the context are in the address. Pages opened from files may have none that can be changed.
  function note(number) {
    var parts = [number ? "L" + number : "", chosen === null ? "" : "context=" + chosen].filter(Boolean);
    try { window.history.replaceState(null, "", "#" + parts.join("&")); } catch (error) { return; }
  }

  function go(number) {
    var item = lineOf(number);
    if (!item) { return false; }
    if (at) { at.classList.remove("at"); }
    at = item;
    at.classList.add("at");
    // What was skipped while drawing has its height only now: the second time it is exact.
    at.scrollIntoView({ block: "center", behavior: "instant" });
    window.requestAnimationFrame(function () { if (at) { at.scrollIntoView({ block: "center", behavior: "instant" }); } });
    if (!who.hidden) { tell(number); }
    note(number);
    return true;
  }

  function line(by) {
    var item = at ? (by > 0 ? at.nextElementSibling : at.previousElementSibling) : null;
    go(item ? numberOf(item) : at ? numberOf(at) + by : 1);
  }

  function step(by) {
    if (missed.length === 0) {
      place.textContent = "nothing missed";
      return;
    }
    var number = at ? numberOf(at) : by > 0 ? 0 : Infinity;
    var index = -1;
    if (by > 0) {
      index = missed.findIndex(function (run) { return run[0] > number; });
      index = index < 0 ? 0 : index;
    } else {
      for (var next = 0; next < missed.length && missed[next][1] < number; next += 1) { index = next; }
      index = index < 0 ? missed.length - 1 : index;
    }
    var run = missed[index];
    go(run[0]);
    place.textContent = "line " + run[0] + (run[1] > run[0] ? "–" + run[1] : "") + ", " + (index + 1) + " of " + missed.length;
  }

  function label(process) {
    var known = processes[process];
    return known ? known[0] + "  " + known[1] : "process " + process;
  }

  // The contexts in which a line ran; null where it did not.
  function tellContexts(number) {
    if (!contexts) { return; }
    var text = document.getElementById("who-in");
    var list = document.getElementById("who-contexts");
    text.textContent = "";
    list.textContent = "";
    asked = number;
    if (number === null) { return; }
    contexts.load(own, function (data) {
      if (!data || asked !== number) { return; }
      var sets = data.sets.filter(function (set) { return inRuns(set[0], number); });
      var count = sets.reduce(function (sum, set) { return sum + size(set[2]); }, 0);
      text.textContent = "ran in " + covTrace.number(count) + " of " + covTrace.number(contexts.all.length) + " contexts:";
      var ran = [];
      sets.forEach(function (set) { ran = ran.concat(all(set[2], count)); });
      ran.sort(covTrace.byNumber).slice(0, SHOWN_CONTEXTS).forEach(function (context) { list.appendChild(entry(contexts.link(context))); });
      if (count > SHOWN_CONTEXTS) {
        var more = document.createElement("a");
        more.id = "who-all";
        more.href = "../contexts.html#source=" + code.dataset.source + "&line=" + number;
        more.textContent = "all " + covTrace.number(count);
        list.appendChild(entry(more));
      }
    });
  }

  function entry(content) {
    var item = document.createElement("li");
    item.append(content);
    return item;
  }

  function tell(number) {
    var item = lineOf(number);
    if (!item) { return; }
    tellContexts(item.classList.contains("h") ? number : null);
    var text = document.getElementById("who-text");
    var list = document.getElementById("who-list");
    document.getElementById("who-title").textContent = "Line " + number;
    list.textContent = "";
    if (item.classList.contains("m")) { text.textContent = "has code and did not run."; }
    else if (item.classList.contains("x")) { text.textContent = "does not count: it is excluded."; }
    else if (!item.classList.contains("h")) { text.textContent = "has no code."; }
    else {
      var sets = data.sets.filter(function (set) { return inRuns(set[0], number); });
      var count = sets.reduce(function (sum, set) { return sum + size(set[1]); }, 0);
      text.textContent = "ran in " + covTrace.number(count) + (count === 1 ? " process" : " processes") + (data.left_out > 0 ? ", of those that are listed:" : ":");
      var ran = [];
      sets.forEach(function (set) { ran = ran.concat(all(set[1], SHOWN - ran.length)); });
      ran.sort(covTrace.byNumber).forEach(function (process) { list.appendChild(entry(label(process))); });
      if (count > ran.length) { list.appendChild(entry("and " + covTrace.number(count - ran.length) + " more")); }
    }
    who.hidden = false;
  }

  function leave() {
    who.hidden = true;
    if (at) { at.classList.remove("at"); }
    at = null;
  }

  // The text that is selected stays selected.
  code.addEventListener("click", function (event) {
    var item = event.target.closest("li");
    if (!item || String(window.getSelection()) !== "") { return; }
    var number = numberOf(item);
    if (at) { at.classList.remove("at"); }
    at = item;
    at.classList.add("at");
    note(number);
    tell(number);
  });
  document.getElementById("close").addEventListener("click", leave);
  document.addEventListener("keydown", function (event) { if (event.key === "Escape") { leave(); } });

  var choice = document.getElementById("process");
  (function () {
    var known = [];
    data.sets.forEach(function (set) { known = known.concat(all(set[1], CHOICES - known.length)); });
    if (processes.length < 2 || known.length === 0) {
      document.getElementById("of").hidden = true;
      return;
    }
    known.sort(covTrace.byNumber).forEach(function (process) {
      var option = document.createElement("option");
      option.value = String(process);
      option.textContent = label(process);
      choice.appendChild(option);
    });
  })();
  // Lines that ran, but not in the process and the context that are chosen, are marked as such.
  var ofContext = null;
  function mark() {
    code.querySelectorAll(".other").forEach(function (item) { item.classList.remove("other"); });
    var filters = [];
    if (choice.value !== "") {
      filters.push(data.sets.filter(function (set) { return inRuns(set[1], Number(choice.value)); }));
    }
    if (ofContext) { filters.push(ofContext); }
    if (filters.length === 0) { return; }
    code.querySelectorAll(".h").forEach(function (item) {
      var number = numberOf(item);
      item.classList.toggle("other", !filters.every(function (sets) {
        return sets.some(function (set) { return inRuns(set[0], number); });
      }));
    });
  }
  choice.addEventListener("change", mark);

  var field = contexts ? contexts.field(document.getElementById("context"), document.getElementById("about"), choose) : null;
  function choose(context) {
    chosen = context;
    note(at ? numberOf(at) : 0);
    if (context === null) {
      ofContext = null;
      mark();
      return;
    }
    contexts.load(own, function (known) {
      if (chosen !== context) { return; }
      ofContext = known ? known.sets.filter(function (set) { return inRuns(set[2], context); }) : [];
      mark();
    });
  }

  var search = document.getElementById("search");
  var looked = { text: "", line: 0 };
  search.addEventListener("keydown", function (event) {
    if (event.key !== "Enter") { return; }
    event.preventDefault();
    var text = search.value.trim();
    if (/^:?\d+$/.test(text)) {
      place.textContent = go(Number(text.replace(":", ""))) ? "line " + text.replace(":", "") : "no such line";
      return;
    }
    if (text === "") { return; }
    var wanted = text.toLowerCase();
    var start = looked.text === wanted ? looked.line : 0;
    var by = event.shiftKey ? -1 : 1;
    for (var tried = 1; tried <= total; tried += 1) {
      var number = ((start + by * tried - 1) % total + total) % total + 1;
      var item = lineOf(number);
      if (item && item.textContent.toLowerCase().indexOf(wanted) >= 0) {
        looked = { text: wanted, line: number };
        go(number);
        place.textContent = "found in line " + number;
        return;
      }
    }
    place.textContent = "not found";
  });

  function follow() {
    var named = /^#L(\d+)/.exec(window.location.hash);
    var context = contexts ? contexts.named() : null;
    if (named) { go(Number(named[1])); }
    if (field) { field.show(context); }
  }
  window.addEventListener("hashchange", follow);

  var strip = document.getElementById("strip");
  function paint() {
    var height = strip.clientHeight;
    strip.height = height;
    var context = strip.getContext("2d");
    context.fillStyle = window.getComputedStyle(document.documentElement).getPropertyValue("--poor-fill");
    missed.forEach(function (run) {
      context.fillRect(3, (run[0] - 1) / total * height, 11, Math.max(1.5, (run[1] - run[0] + 1) / total * height));
    });
  }
  if (missed.length > 0 && total > 60) {
    strip.hidden = false;
    paint();
    window.addEventListener("resize", paint);
    document.addEventListener("themechange", paint);
    strip.addEventListener("click", function (event) {
      go(Math.min(total, 1 + Math.floor(event.offsetY / strip.clientHeight * total)));
    });
  }

  document.getElementById("next").addEventListener("click", function () { step(1); });
  document.getElementById("previous").addEventListener("click", function () { step(-1); });
  document.getElementById("tools").hidden = false;
  place.textContent = missed.length === 0 ? "nothing missed" : covTrace.number(missed.length) + (missed.length === 1 ? " place missed" : " places missed");
  covTrace.key("n", function () { step(1); });
  covTrace.key("p", function () { step(-1); });
  covTrace.key("j", function () { line(1); });
  covTrace.key("k", function () { line(-1); });
  covTrace.key("w", function () {
    if (!at) { go(1); }
    if (at) { tell(numberOf(at)); }
  });
  covTrace.key("u", function () { window.location.href = "../index.html"; });
  follow();
})();

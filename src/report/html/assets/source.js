"use strict";
// A source: missed lines, search, and who ran what.
(function () {
  var SHOWN = 200;
  var CHOICES = 1000;
  var code = document.getElementById("code");
  var lists = Array.prototype.slice.call(code.querySelectorAll("ol"));
  var sparse = lists.length === 1 && lists[0].classList.contains("bare");
  var calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  var processes = window.covTraceProcesses || [];
  var data = covTrace.data();

  // Runs are written as how many are between, and how many there are.
  function inRuns(gaps, number) {
    var at = 0;
    for (var index = 0; index < gaps.length; index += 2) {
      at += gaps[index];
      if (number < at) { return false; }
      at += gaps[index + 1];
      if (number < at) { return true; }
    }
    return false;
  }

  function all(gaps, most) {
    var list = [];
    var at = 0;
    for (var index = 0; index < gaps.length; index += 2) {
      at += gaps[index];
      for (var count = 0; count < gaps[index + 1] && list.length < most; count += 1) { list.push(at + count); }
      at += gaps[index + 1];
    }
    return list;
  }

  function size(gaps) {
    var sum = 0;
    for (var index = 1; index < gaps.length; index += 2) { sum += gaps[index]; }
    return sum;
  }

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
  var who = document.getElementById("who");
  var place = document.getElementById("place");

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
    try { window.history.replaceState(null, "", "#L" + number); } catch (error) { return true; }
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

  function tell(number) {
    var item = lineOf(number);
    if (!item) { return; }
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
      ran.sort(function (one, other) { return one - other; }).forEach(function (process) {
        var entry = document.createElement("li");
        entry.textContent = label(process);
        list.appendChild(entry);
      });
      if (count > ran.length) {
        var more = document.createElement("li");
        more.textContent = "and " + covTrace.number(count - ran.length) + " more";
        list.appendChild(more);
      }
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
    try { window.history.replaceState(null, "", "#L" + number); } catch (error) { number = numberOf(item); }
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
    known.sort(function (one, other) { return one - other; }).forEach(function (process) {
      var option = document.createElement("option");
      option.value = String(process);
      option.textContent = label(process);
      choice.appendChild(option);
    });
  })();
  choice.addEventListener("change", function () {
    code.querySelectorAll(".other").forEach(function (item) { item.classList.remove("other"); });
    if (choice.value === "") { return; }
    var sets = data.sets.filter(function (set) { return inRuns(set[1], Number(choice.value)); });
    code.querySelectorAll(".h").forEach(function (item) {
      var number = numberOf(item);
      item.classList.toggle("other", !sets.some(function (set) { return inRuns(set[0], number); }));
    });
  });

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
    var named = /^#L(\d+)$/.exec(window.location.hash);
    if (named) { go(Number(named[1])); }
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

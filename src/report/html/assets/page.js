"use strict";
// What every page has: the theme, the list of keys, and shared pieces. Runs before the page is drawn.
var covTrace = (function () {
  var root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");

  // Pages opened from files may have no storage.
  function stored() {
    try { return window.localStorage.getItem("cov-trace-theme"); } catch (error) { return null; }
  }

  function store(theme) {
    try { window.localStorage.setItem("cov-trace-theme", theme); } catch (error) { return; }
  }

  function show(theme) {
    root.dataset.theme = theme;
    var button = document.getElementById("theme");
    if (button) { button.setAttribute("aria-pressed", String(theme === "dark")); }
    document.dispatchEvent(new Event("themechange"));
  }

  function preferred() {
    var theme = stored();
    if (theme === "dark" || theme === "light") { return theme; }
    return dark.matches ? "dark" : "light";
  }

  function toggle() {
    var theme = root.dataset.theme === "dark" ? "light" : "dark";
    store(theme);
    show(theme);
  }

  show(preferred());
  dark.addEventListener("change", function () { show(preferred()); });

  document.addEventListener("DOMContentLoaded", function () {
    var dialog = document.getElementById("keys");
    var help = document.getElementById("help");
    var theme = document.getElementById("theme");
    var search = document.getElementById("search");
    help.hidden = false;
    theme.hidden = false;
    show(root.dataset.theme);
    theme.addEventListener("click", toggle);
    help.addEventListener("click", function () { dialog.showModal(); });
    if (search) {
      search.addEventListener("keydown", function (event) {
        if (event.key === "Escape") { search.blur(); }
      });
      key("/", function () { search.focus(); search.select(); });
    }
    key("t", toggle);
    key("?", function () { dialog.showModal(); });
  });

  var keys = {};

  function key(name, action) { keys[name] = action; }

  document.addEventListener("keydown", function (event) {
    var target = event.target;
    var typing = target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName));
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) { return; }
    var action = Object.prototype.hasOwnProperty.call(keys, event.key) ? keys[event.key] : null;
    if (action) {
      event.preventDefault();
      action();
    }
  });

  // Neither 0 nor 100 unless it is exact.
  function percent(ran, lines) {
    if (ran >= lines) { return "100.0%"; }
    if (ran === 0) { return "0.0%"; }
    return Math.min(99.9, Math.max(0.1, 100 * ran / lines)).toFixed(1) + "%";
  }

  function level(ran, lines) {
    if (ran * 10 >= lines * 9) { return "good"; }
    return ran * 4 >= lines * 3 ? "fair" : "poor";
  }

  function number(value) { return String(value).replace(/\B(?=(\d{3})+$)/g, "\u2009"); }

  // Runs are written as how many are between, and how many there are.
  var runs = {
    has: function (gaps, number) {
      var at = 0;
      for (var index = 0; index < gaps.length; index += 2) {
        at += gaps[index];
        if (number < at) { return false; }
        at += gaps[index + 1];
        if (number < at) { return true; }
      }
      return false;
    },

    list: function (gaps, most) {
      var list = [];
      var at = 0;
      for (var index = 0; index < gaps.length; index += 2) {
        at += gaps[index];
        for (var count = 0; count < gaps[index + 1] && list.length < most; count += 1) { list.push(at + count); }
        at += gaps[index + 1];
      }
      return list;
    },

    size: function (gaps) {
      var sum = 0;
      for (var index = 1; index < gaps.length; index += 2) { sum += gaps[index]; }
      return sum;
    }
  };

  function byNumber(one, other) { return one - other; }

  function data() { return JSON.parse(document.getElementById("data").textContent); }

  return { key: key, percent: percent, level: level, number: number, runs: runs, byNumber: byNumber, data: data };
})();

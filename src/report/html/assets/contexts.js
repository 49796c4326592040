"use strict";
// What pages share that show what ran in which context: their names, the data of some, and a field to choose one.
var covTraceIn = (function () {
  var OF_FILE = 128;
  var CHOICES = 100;
  var NAME = 0;
  var all = window.covTraceContexts || [];
  var root = document.currentScript.src.slice(0, -"assets/contexts.js".length);
  var held = {};
  var waiting = {};
  window.covTraceHold = function (name, data) { held[name] = data; };

  // Data come as scripts, since pages opened from files can read nothing else; null where there are none.
  function load(name, then) {
    if (name in held) {
      then(held[name]);
      return;
    }
    if (name in waiting) {
      waiting[name].push(then);
      return;
    }
    waiting[name] = [then];
    var script = document.createElement("script");
    function done() {
      var those = waiting[name];
      delete waiting[name];
      if (!(name in held)) { held[name] = null; }
      those.forEach(function (then) { then(held[name]); });
    }
    script.onload = done;
    script.onerror = done;
    script.src = root + "contexts/" + name + ".js";
    document.head.appendChild(script);
  }

  // The sources of which something ran in a context: the number of each, which of its sets, and how many lines and functions.
  function sources(context, then) {
    load("context-" + Math.floor(context / OF_FILE), function (data) {
      var numbers = data ? data[context % OF_FILE] : [];
      var list = [];
      var next = 0;
      for (var index = 0; index < numbers.length; index += 4) {
        next += numbers[index];
        list.push({ number: next, set: numbers[index + 1], lines: numbers[index + 2], functions: numbers[index + 3] });
        next += 1;
      }
      then(list);
    });
  }

  // A number that the address has by a name.
  function inAddress(name, most) {
    var parts = window.location.hash.slice(1).split("&").filter(function (part) { return part.indexOf(name + "=") === 0; });
    var number = parts.length > 0 ? Number(parts[0].slice(name.length + 1)) : -1;
    return Number.isInteger(number) && number >= 0 && number < most ? number : null;
  }

  function named() { return inAddress("context", all.length); }

  function link(context) {
    var element = document.createElement("a");
    element.href = root + "context.html#context=" + context;
    element.textContent = all[context][NAME];
    return element;
  }

  // A context is chosen by its name; `about` leads to its page.
  function field(input, about, then) {
    var current = null;

    function find(name) {
      var found = all.findIndex(function (context) { return context[NAME] === name; });
      return found < 0 ? null : found;
    }

    function offer() {
      var words = input.value.toLowerCase().split(" ").filter(Boolean);
      input.list.textContent = "";
      for (var index = 0; index < all.length && input.list.childElementCount < CHOICES; index += 1) {
        var name = all[index][NAME].toLowerCase();
        if (words.every(function (word) { return name.indexOf(word) >= 0; })) {
          var option = document.createElement("option");
          option.value = all[index][NAME];
          input.list.appendChild(option);
        }
      }
    }

    function take(context) {
      about.hidden = context === null;
      if (context !== null) { about.href = link(context).href; }
      if (context !== current) {
        current = context;
        then(context);
      }
    }

    input.addEventListener("focus", offer);
    input.addEventListener("input", function () {
      offer();
      take(find(input.value));
    });
    return {
      show: function (context) {
        if (context === current) { return; }
        input.value = context === null ? "" : all[context][NAME];
        take(context);
      }
    };
  }

  return { all: all, load: load, sources: sources, inAddress: inAddress, named: named, link: link, field: field };
})();

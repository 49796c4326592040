"use strict";
// The map: areas are lines. Rows of tiles as square as can be (Bruls, Huizing and van Wijk, "Squarified treemaps").
window.covTraceMap = function (nodes, top) {
  var map = document.getElementById("map");
  var trail = document.getElementById("map-trail");
  var MOST = 600;
  var SMALLEST = 5;
  var HEAD = 20;
  var current = null;

  function layout(list, left, upper, width, height, place) {
    var items = list.filter(function (node) { return node.lines > 0; }).sort(function (one, other) { return other.lines - one.lines; });
    var total = items.reduce(function (sum, node) { return sum + node.lines; }, 0);
    var at = 0;
    while (at < items.length && width > 1 && height > 1) {
      var scale = width * height / total;
      var side = Math.min(width, height);
      var sum = 0;
      var worst = Infinity;
      var end = at;
      while (end < items.length) {
        var next = sum + items[end].lines * scale;
        var most = items[at].lines * scale;
        var least = items[end].lines * scale;
        var ratio = Math.max(side * side * most / (next * next), next * next / (side * side * least));
        if (ratio > worst) { break; }
        worst = ratio;
        sum = next;
        end += 1;
      }
      var thick = sum / side;
      var along = 0;
      for (; at < end; at += 1) {
        var length = items[at].lines * scale / thick;
        if (width >= height) { place(items[at], left, upper + along, thick, length); } else { place(items[at], left + along, upper, length, thick); }
        along += length;
        total -= items[at].lines;
      }
      if (width >= height) { left += thick; width -= thick; } else { upper += thick; height -= thick; }
    }
  }

  function put(element, left, upper, width, height) {
    element.style.left = left + "px";
    element.style.top = upper + "px";
    element.style.width = width + "px";
    element.style.height = height + "px";
    map.appendChild(element);
  }

  function tile(node, left, upper, width, height) {
    if (width < SMALLEST || height < SMALLEST || map.childElementCount >= MOST) { return; }
    var element = document.createElement(node.file ? "a" : "button");
    var share = covTrace.percent(node.ran, node.lines);
    if (node.file) { element.href = node.link.getAttribute("href"); } else {
      element.type = "button";
      element.addEventListener("click", function () { open(node); });
    }
    element.title = node.path + ": " + share + " of " + covTrace.number(node.lines) + " lines";
    element.className = covTrace.level(node.ran, node.lines);
    if (width < 44 || height < 22) {
      element.classList.add("small");
      element.tabIndex = -1;
    }
    var name = document.createElement("b");
    name.textContent = node.name || "(no name)";
    element.append(name, share);
    put(element, left, upper, width, height);
  }

  function group(node, left, upper, width, height) {
    if (node.file || width < 90 || height < 60) {
      tile(node, left, upper, width, height);
      return;
    }
    var head = document.createElement("button");
    head.type = "button";
    head.className = "group";
    head.textContent = node.name + " " + covTrace.percent(node.ran, node.lines);
    head.title = node.path;
    head.addEventListener("click", function () { open(node); });
    put(head, left, upper, width, HEAD);
    layout(node.children, left, upper + HEAD, width, height - HEAD, width > 320 && height > 200 ? group : tile);
  }

  function open(node) {
    current = node;
    draw();
    var last = trail.querySelector("button:last-child");
    if (last) { last.focus({ preventScroll: true }); }
  }

  function draw() {
    map.textContent = "";
    trail.textContent = "";
    var path = [];
    for (var node = current; node; node = node.parent < 0 ? null : nodes[node.parent]) { path.unshift(node); }
    if (path.length > 0) { path.unshift(null); }
    path.forEach(function (node) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = node ? node.name : "All";
      button.addEventListener("click", function () { open(node); });
      trail.appendChild(button);
    });
    layout(current ? current.children : top, 0, 0, map.clientWidth, map.clientHeight, group);
  }

  map.parentElement.hidden = false;
  draw();
  var waiting = 0;
  window.addEventListener("resize", function () {
    window.cancelAnimationFrame(waiting);
    waiting = window.requestAnimationFrame(draw);
  });
  return draw;
};

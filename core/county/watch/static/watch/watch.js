/* Draws what the page already says in tables; every page of the watch is whole without it. */
(function () {
  "use strict";
  var TONES = { red: "#b3261e", amber: "#c77700", green: "#1d6b3a", plain: "#0b5cad", dim: "#7b8794", pale: "#7b1fa2" };
  var COLOURS = ["#0b5cad", "#c77700", "#1d6b3a", "#b3261e", "#7b1fa2", "#54616e", "#00838f", "#8d6e63"];
  var STATES = {
    fine: ["#1d6b3a", "circle", 11], waiting: ["#0b5cad", "emptyCircle", 13], stale: ["#8a6d1a", "diamond", 15],
    silent: ["#7a4600", "emptyDiamond", 17], due: ["#a31515", "triangle", 20], held: ["#7b1fa2", "rect", 15],
    never: ["#54616e", "emptyRect", 11], revoked: ["#3d4650", "path://M2 4L4 2L12 10L20 2L22 4L14 12L22 20L20 22L12 14L4 22L2 20L10 12Z", 13]
  };
  // A line is told by its dashes and marks as well as by its colour.
  var DASHES = ["solid", [8, 4], [2, 3], [12, 3, 2, 3], [5, 5], [1, 4], [10, 6], [4, 2]];
  var MARKS = ["circle", "rect", "triangle", "diamond", "emptyCircle", "emptyRect", "emptyTriangle", "emptyDiamond"];
  var TEXT = { color: "#1b2733", fontSize: 14, fontFamily: window.getComputedStyle(document.body).fontFamily };
  var AXIS = { axisLabel: { color: "#54616e", fontSize: 13 }, axisLine: { lineStyle: { color: "#8a97a4" } }, splitLine: { lineStyle: { color: "#e3e8ed" } } };

  function with_(base, more) { return Object.assign({}, base, more); }

  function frame(data) {
    return {
      animation: false, textStyle: TEXT, color: COLOURS,
      // Drawn, not written as HTML: a name stays text whatever is in it.
      tooltip: { renderMode: "richText", confine: true, textStyle: TEXT, valueFormatter: function (value) { return value + (data.unit ? " " + data.unit : ""); } },
      legend: { type: "scroll", top: 4, textStyle: TEXT, itemWidth: 28 },
      grid: { left: 12, right: 22, top: 42, bottom: 8, containLabel: true }
    };
  }

  function lines(data) {
    var option = frame(data), stacked = data.kind === "stack";
    option.tooltip.trigger = "axis";
    option.xAxis = with_(AXIS, { type: "time", min: data.from, max: data.to, splitLine: { show: false } });
    option.yAxis = with_(AXIS, { type: "value", min: function (value) { return value.min < 0 ? null : 0; }, minInterval: data.unit ? 0 : 1 });
    option.series = data.series.map(function (one, place) {
      return {
        name: one.name, type: "line", data: broken(one.points, data.step), stack: stacked ? "all" : undefined,
        areaStyle: stacked ? { opacity: 0.25 } : undefined, lineStyle: { width: 2, type: DASHES[place % 8] },
        color: TONES[one.tone] || COLOURS[place % 8],
        symbol: MARKS[place % 8], symbolSize: 8, showSymbol: true, showAllSymbol: false, connectNulls: false
      };
    });
    return option;
  }

  // Where nothing was measured there is no line.
  function broken(points, step) {
    var out = [], every = Math.ceil(points.length / 12);
    points.forEach(function (point, place) {
      if (place && point[0] - points[place - 1][0] > step * 2500) { out.push([points[place - 1][0] + step * 1000, null]); }
      // A few marks tell the lines apart; one at each point would hide them.
      out.push(place % every ? { value: point, symbol: "none" } : point);
    });
    return out;
  }

  function bars(data) {
    var option = frame(data), single = data.series.length === 1;
    option.tooltip.trigger = "axis";
    option.tooltip.axisPointer = { type: "shadow" };
    option.legend.show = !single;
    option.grid.top = single ? 12 : 42;
    option.aria = { enabled: !single, label: { enabled: false }, decal: { show: !single } };
    option.xAxis = with_(AXIS, { type: "value", minInterval: 1 });
    option.yAxis = with_(AXIS, { type: "category", inverse: true, data: data.categories, axisLabel: { color: "#1b2733", fontSize: 14, interval: 0 } });
    option.series = data.series.map(function (one, place) {
      return {
        name: one.name, type: "bar", stack: data.stacked ? "all" : undefined, barMaxWidth: 26,
        itemStyle: single ? undefined : { color: TONES[data.tones[place]] },
        label: { show: single, position: "right", color: "#1b2733", fontSize: 14 },
        data: one.values.map(function (value, bar) { return single ? { value: value, itemStyle: { color: TONES[data.tones[bar]] } } : value; })
      };
    });
    return option;
  }

  // To scale: a degree of longitude is shorter than one of latitude, by the cosine of the latitude.
  function county(data, box) {
    var all = [];
    data.series.forEach(function (one) { all = all.concat(one.points); });
    data.outline.forEach(function (ring) { all = all.concat(ring); });
    var east = all.map(function (point) { return point[0]; }), north = all.map(function (point) { return point[1]; });
    var low = [Math.min.apply(null, east), Math.min.apply(null, north)], high = [Math.max.apply(null, east), Math.max.apply(null, north)];
    var shrink = Math.cos((low[1] + high[1]) / 2 * Math.PI / 180);
    var width = Math.max((high[0] - low[0]) * shrink, 0.01), height = Math.max(high[1] - low[1], 0.01);
    var room = [box.clientWidth - 60, box.clientHeight - 80], scale = Math.min(room[0] / width, room[1] / height) * 0.94;
    var half = [room[0] / scale / 2 / shrink, room[1] / scale / 2], middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
    var option = frame(data);
    option.grid = { left: 20, right: 20, top: 48, bottom: 12, containLabel: false };
    option.tooltip.formatter = function (hit) { return hit.data[2] ? hit.data[2] + "\n" + hit.data[3] : ""; };
    option.xAxis = { type: "value", show: false, min: middle[0] - half[0], max: middle[0] + half[0] };
    option.yAxis = { type: "value", show: false, min: middle[1] - half[1], max: middle[1] + half[1] };
    // The worst is drawn last, over the others, and named first.
    option.legend.data = data.series.map(function (one) { return one.name; }).reverse();
    option.legend.itemGap = 18;
    option.legend.itemWidth = 18;
    option.series = data.outline.map(function (ring) {
      return { type: "line", data: ring, symbol: "none", silent: true, lineStyle: { color: "#8a97a4", width: 1.5 }, itemStyle: { color: "#8a97a4" } };
    }).concat(data.series.map(function (one) {
      var look = STATES[one.state], filled = !/^(empty|path)/.test(look[1]);
      return {
        name: one.name, type: "scatter", data: one.points, symbol: look[1], symbolSize: look[2], cursor: "pointer",
        itemStyle: { opacity: 1, color: look[0], borderColor: filled ? "#fff" : look[0], borderWidth: filled ? 0.8 : look[1].indexOf("path") ? 2.5 : 1 }
      };
    }));
    return option;
  }

  function draw(box) {
    var data = JSON.parse(document.getElementById(box.dataset.chart).textContent);
    box.hidden = false;
    if (data.kind === "bars") { box.style.height = Math.max(180, data.categories.length * 30 + 90) + "px"; }
    var chart = window.echarts.init(box, null, { renderer: "svg" });
    function show() {
      chart.resize();
      chart.setOption(data.kind === "map" ? county(data, box) : data.kind === "bars" ? bars(data) : lines(data), true);
    }
    show();
    window.addEventListener("resize", show);
    if (data.kind === "map") {
      chart.on("click", function (hit) {
        var tile = hit.data[4] && document.getElementById("p" + hit.data[4]);
        if (tile) { window.location = tile.href; }
      });
    }
  }

  // The tiles stay true while somebody looks at them; what has the focus keeps it.
  function follow(towns) {
    function show(state) {
      state.points.forEach(function (one) {
        var tile = document.getElementById("p" + one[0]);
        if (!tile) { return; }
        tile.className = tile.className.replace(/\bw-(fine|waiting|due|stale|silent|held|revoked|never)\b/, "w-" + one[1]);
        tile.querySelector("use").setAttribute("href", "#w-" + one[1]);
        tile.querySelector("small").textContent = one[3];
      });
      Object.keys(state.counts).forEach(function (name) {
        var count = document.querySelector("[data-count=" + name + "]");
        if (count) { count.textContent = state.counts[name]; }
      });
    }
    window.setInterval(function () {
      if (document.hidden) { return; }
      window.fetch(towns.dataset.states, { headers: { Accept: "application/json" } }).then(function (answer) {
        return answer.ok && !answer.redirected ? answer.json() : null;
      }).then(function (state) { if (state) { show(state); } }).catch(function () { /* The next minute asks again. */ });
    }, 60000);
  }

  if (window.echarts) { document.querySelectorAll("[data-chart]").forEach(draw); }
  var towns = document.querySelector("[data-states]");
  if (towns) { follow(towns); }
})();

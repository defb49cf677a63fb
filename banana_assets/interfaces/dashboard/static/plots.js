// Draws the plots of a page with uPlot: see plots.py for what their data holds. The same stands in a table below each.
"use strict";

(() => {
  const HEIGHT = 240;
  const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];
  const HINT = "Point at the plot, or focus it and press ← or →, for its figures.";
  const made = [];

  /** A colour of the page, as a canvas takes it: the browser works light-dark() out only where it is used. */
  const probe = document.createElement("span");
  probe.hidden = false;
  document.body.append(probe);
  function colour(name, share) {
    probe.style.color = share === undefined ? `var(--${name})` : `color-mix(in srgb, var(--${name}) ${share}%, transparent)`;
    return getComputedStyle(probe).color;
  }

  // Figures and times --------------------------------------------------------------------------------------------------

  function scaleOf(unit, top) {
    if (unit !== "bytes" && unit !== "bytes/s") return [1, unit === "percent" ? "%" : unit];
    const power = top > 0 ? Math.max(0, Math.min(BINARY.length - 1, Math.floor(Math.log2(top) / 10))) : 0;
    return [2 ** (10 * power), BINARY[power] + "B" + unit.slice(5)];
  }
  function figure(value, unit) {
    if (value === null || value === undefined) return "–";
    if (unit === "1") return (value * 100).toPrecision(3) / 1 + " %";
    const [size, name] = scaleOf(unit, Math.abs(value));
    return Number((value / size).toPrecision(4)).toLocaleString("en") + (name ? " " + name : "");
  }
  function ticks(u, splits, axis, space, incr) {
    let day = "";
    return splits.map((at) => {
      const d = new Date(at * 1000), date = d.getDate() + " " + MONTHS[d.getMonth()];
      if (incr >= 86400) return incr >= 86400 * 300 ? String(d.getFullYear()) : date;
      const time = two(d.getHours()) + ":" + two(d.getMinutes()) + (incr < 60 ? ":" + two(d.getSeconds()) : "");
      const said = date === day ? time : time + "\n" + date;
      day = date;
      return said;
    });
  }

  // One plot -------------------------------------------------------------------------------------------------------------

  const STROKES = ["link", "busy", "good", "warn"];
  function strokeOf(line, n) { return line.kind === "points" ? "bad" : line.kind === "dashed" ? "warn" : STROKES[n % STROKES.length]; }
  function bandOf(band) { return { "80 %": ["warn", 34], "95 %": ["warn", 17] }[band.name] || ["link", 18]; }

  function options(box, told) {
    const values = [...told.lines.flatMap((l) => l.values), ...told.bands.flatMap((b) => b.high)].filter((v) => v !== null);
    const top = Math.max(0, ...values, ...told.limits.map((l) => l.value));
    const factor = told.unit === "1" ? 0.01 : scaleOf(told.unit, top)[0];
    const unit = told.unit === "1" ? "%" : scaleOf(told.unit, top)[1];
    const series = [{}], data = [told.times], bands = [];
    const scaled = (list) => list.map((v) => (v === null ? null : v / factor));
    for (const band of told.bands) {
      const [name, share] = bandOf(band);
      data.push(scaled(band.high), scaled(band.low));
      series.push({ label: band.name + " high", width: 0, points: { show: false } }, { label: band.name + " low", width: 0, points: { show: false } });
      bands.push({ series: [series.length - 2, series.length - 1], fill: colour(name, share) });
    }
    told.lines.forEach((line, n) => {
      const stroke = colour(strokeOf(line, n));
      data.push(scaled(line.values));
      series.push({
        label: line.name, stroke, width: line.kind === "points" ? 0 : 2, dash: line.kind === "dashed" ? [6, 4] : undefined,
        fill: line.kind === "bars" ? colour(strokeOf(line, n), 45) : undefined,
        paths: line.kind === "bars" ? uPlot.paths.bars({ size: [0.8, 40] }) : line.kind === "points" ? () => null : undefined,
        points: line.kind === "points" ? { show: true, size: 8, fill: stroke, stroke } : { show: line.kind !== "bars" && line.values.filter((v) => v !== null).length < 40, size: 5, fill: stroke },
      });
    });
    const ink = colour("dim"), grid = { stroke: colour("line"), width: 1 };
    const least = told.least === null ? null : told.least / factor, most = told.most === null ? null : told.most / factor;
    const highest = Math.max(...values.map((v) => v / factor), ...told.limits.map((l) => l.value / factor));
    const opts = {
      width: Math.max(200, box.clientWidth), height: HEIGHT, series, bands, legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false },
      scales: { x: { time: true }, y: { range: (u, lo, hi) => {
        const upper = Number.isFinite(highest) ? highest : hi;
        const above = upper > 0 ? upper * 1.06 : 1;
        return [least === null ? lo : least, most === null ? above : Math.max(most * 1.02, upper)];
      } } },
      axes: [
        { stroke: ink, grid, ticks: grid, values: ticks, size: 44, font: "12px system-ui, sans-serif", space: 56 },
        { stroke: ink, grid, ticks: grid, size: 58, font: "12px system-ui, sans-serif", label: unit, labelSize: 20, labelFont: "12px system-ui, sans-serif",
          values: (u, splits) => splits.map((v) => (v === null ? "" : Number(v.toPrecision(4)).toLocaleString("en"))) },
      ],
      hooks: { draw: [(u) => drawLimits(u, told, factor)], setCursor: [(u) => say(box, told, u.cursor.idx)] },
    };
    return [opts, data];
  }

  function drawLimits(u, told, factor) {
    const { ctx, bbox } = u;
    ctx.save();
    for (const limit of told.limits) {
      const y = Math.round(u.valToPos(limit.value / factor, "y", true));
      if (y < bbox.top - 1 || y > bbox.top + bbox.height) continue;
      ctx.strokeStyle = colour("bad");
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash(limit === told.limits[0] ? [] : [2 * devicePixelRatio, 3 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
    ctx.restore();
  }

  function say(box, told, at) {
    const place = document.getElementById(box.id + "-said");
    if (at === null || at === undefined) { place.textContent = HINT; return; }
    const parts = told.lines.filter((l) => l.values[at] !== null).map((l) => `${l.name} ${figure(l.values[at], told.unit)}`);
    for (const band of told.bands) {
      if (band.low[at] !== null) parts.push(`${band.name} ${figure(band.low[at], told.unit)} to ${figure(band.high[at], told.unit)}`);
    }
    place.textContent = `${exactly(new Date(told.times[at] * 1000))}: ${parts.join(", ") || "nothing known"}`;
  }

  /** Names and looks of what is drawn; built of nodes, so no text becomes markup. */
  function legend(told) {
    const list = document.createElement("ul");
    list.className = "legend";
    const add = (name, kind, value) => {
      const item = document.createElement("li");
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("viewBox", "0 0 20 12");
      svg.setAttribute("aria-hidden", "true");
      const shape = document.createElementNS(svg.namespaceURI, kind === "points" ? "circle" : kind === "band" || kind === "bars" ? "rect" : "line");
      const set = (given) => { for (const key of Object.keys(given)) shape.setAttribute(key, given[key]); };
      if (kind === "points") set({ cx: 10, cy: 6, r: 4, fill: value });
      else if (kind === "band" || kind === "bars") set({ width: 20, height: 12, fill: value });
      else set({ x1: 0, x2: 20, y1: 6, y2: 6, stroke: value, "stroke-width": 2.5, "stroke-dasharray": kind === "dashed" ? "5 3" : kind === "limit" ? "2 3" : "none" });
      svg.append(shape);
      item.append(svg, name);
      list.append(item);
    };
    told.lines.forEach((line, n) => add(line.name, line.kind, colour(strokeOf(line, n))));
    for (const band of told.bands) add(band.name, "band", colour(...bandOf(band)));
    told.limits.forEach((limit, n) => add(limit.name, n ? "limit" : "line", colour("bad")));
    return list;
  }

  function draw(entry) {
    if (entry.plot) entry.plot.destroy();
    entry.box.replaceChildren();
    const [opts, data] = options(entry.box, entry.told);
    if (entry.told.lines.length + entry.told.bands.length > 1) entry.box.append(legend(entry.told));
    entry.plot = new uPlot(opts, data, entry.box);
    say(entry.box, entry.told, null);
  }

  function walk(entry, event) {
    const last = entry.told.times.length - 1, now = entry.at === undefined ? -1 : entry.at;
    const to = { ArrowRight: now + 1, ArrowLeft: now < 0 ? last : now - 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    entry.at = Math.max(0, Math.min(last, to));
    entry.plot.setCursor({ left: entry.plot.valToPos(entry.told.times[entry.at], "x"), top: 10 }, false);
    say(entry.box, entry.told, entry.at);
  }

  for (const box of document.querySelectorAll("[data-plot]")) {
    const entry = { box, told: bananaData(box.dataset.plot) };
    made.push(entry);
    draw(entry);
    box.addEventListener("keydown", (event) => walk(entry, event));
    box.addEventListener("blur", () => { entry.at = undefined; });
    let width = box.clientWidth;
    new ResizeObserver(() => {
      if (box.clientWidth === width) return;
      width = box.clientWidth;
      entry.plot.setSize({ width: Math.max(200, width), height: HEIGHT });
    }).observe(box);
  }
  const again = () => made.forEach(draw);
  document.addEventListener("banana:theme", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
})();

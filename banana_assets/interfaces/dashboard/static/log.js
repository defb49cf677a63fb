// A log: lines that can be linked to, more of them above and below, steps that fold, and what is loaded when it is opened.
"use strict";
(() => {
  const lines = document.getElementById("lines");
  if (!lines) return;
  const STEP = 400;
  const size = (name) => Number(lines.dataset[name]);
  const row = (n) => document.getElementById("L" + n);

  // Links to lines: #L12 or #L12-L20 ----------------------------------------------------------------------------------

  function told() {
    const found = /^#L(\d+)(?:-L?(\d+))?$/.exec(location.hash);
    if (!found) return null;
    const a = Number(found[1]), b = Number(found[2] || found[1]);
    return [Math.min(a, b), Math.max(a, b)];
  }

  function mark(scroll) {
    for (const old of lines.querySelectorAll(".told")) old.classList.remove("told");
    const range = told();
    document.getElementById("copy-link").hidden = !range;
    if (!range) return;
    if (!row(range[0])) {
      if (range[0] <= size("total")) location.replace(lines.dataset.page + "?line=" + range[0] + location.hash);
      return;
    }
    for (let n = range[0]; n <= range[1]; n++) row(n)?.classList.add("told");
    for (let n = range[0]; n <= range[1]; n++) if (row(n)) row(n).hidden = false;
    if (scroll) row(range[0]).scrollIntoView({ block: "center" });
  }

  lines.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-n]");
    if (!link) return fold(event.target.closest(".step button"));
    event.preventDefault();
    const range = told(), n = Number(link.dataset.n);
    const from = event.shiftKey && range ? range[0] : n;
    history.replaceState(null, "", from === n ? "#L" + n : "#L" + Math.min(from, n) + "-L" + Math.max(from, n));
    mark(false);
  });

  lines.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    const range = told(), causes = lines.querySelector(".cause");
    const start = range ? range[step < 0 && !event.shiftKey ? 0 : 1] + step : causes ? Number(causes.id.slice(1)) : size("first");
    const n = Math.max(size("first"), Math.min(size("last"), start));
    const from = event.shiftKey && range ? range[0] : n;
    event.preventDefault();
    history.replaceState(null, "", from >= n ? "#L" + n : "#L" + from + "-L" + n);
    mark(false);
    row(n).scrollIntoView({ block: "nearest" });
  });

  document.getElementById("copy-link").addEventListener("click", async (event) => {
    const range = told();
    const url = location.origin + lines.dataset.page + "?line=" + range[0] + location.hash;
    try {
      await navigator.clipboard.writeText(url);
      event.target.textContent = "Copied";
    } catch {
      prompt("Copy the link", url);
    }
    setTimeout(() => { event.target.textContent = "Copy link"; }, 1500);
  });

  addEventListener("hashchange", () => mark(true));

  // Times of the CI service before each line -----------------------------------------------------------------------------

  const times = document.getElementById("times-button");
  function showTimes(on) {
    for (const log of document.querySelectorAll(".log")) log.classList.toggle("times", on);
    times.setAttribute("aria-pressed", String(on));
  }
  times.hidden = !document.querySelector(".log .ts");
  times.addEventListener("click", () => {
    const on = times.getAttribute("aria-pressed") !== "true";
    try { localStorage.setItem("banana-times", on ? "on" : "off"); } catch { /* not remembered */ }
    showTimes(on);
  });
  try { showTimes(localStorage.getItem("banana-times") === "on"); } catch { showTimes(false); }

  // Steps that fold -----------------------------------------------------------------------------------------------------

  function fold(button) {
    if (!button) return;
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    for (let n = button.parentElement.nextElementSibling; n && !n.classList.contains("step"); n = n.nextElementSibling) n.hidden = !open;
  }

  // More lines ------------------------------------------------------------------------------------------------------------

  async function more(link) {
    const above = link.dataset.more === "above";
    const first = above ? Math.max(1, size("first") - STEP) : size("last") + 1;
    const last = above ? size("first") - 1 : Math.min(size("total"), size("last") + STEP);
    link.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(lines.dataset.log + "?first=" + first + "&last=" + last, { headers: { accept: "text/html" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("lines");
      const height = document.documentElement.scrollHeight;
      if (above) {
        lines.prepend(...fresh.childNodes);
        scrollBy(0, document.documentElement.scrollHeight - height);
        lines.dataset.first = String(first);
      } else {
        lines.append(...fresh.childNodes);
        lines.dataset.last = String(last);
      }
      if (above ? first === 1 : last === size("total")) link.remove();
    } catch {
      location.href = link.href;
    }
    link.removeAttribute("aria-busy");
  }

  for (const link of document.querySelectorAll("[data-more]")) {
    link.addEventListener("click", (event) => { event.preventDefault(); more(link); });
  }

  // A link to a line that is on the page goes there without loading it anew.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.jump, [data-quote] a[data-n]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const hash = link.hash, found = /^#L(\d+)/.exec(hash);
    if (found && link.pathname === location.pathname && row(found[1])) {
      event.preventDefault();
      history.pushState(null, "", hash);
      mark(true);
    }
  });

  // Next and previous cause --------------------------------------------------------------------------------------------

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
    if (event.key !== "n" && event.key !== "p") return;
    const starts = [...lines.querySelectorAll(".cause")].filter((one) => !one.previousElementSibling?.classList.contains("cause"));
    if (!starts.length) return;
    const middle = innerHeight / 2;
    const tops = starts.map((one) => one.getBoundingClientRect().top - middle);
    let at = event.key === "n" ? tops.findIndex((top) => top > 30) : tops.findLastIndex((top) => top < -30);
    if (at < 0) at = event.key === "n" ? 0 : starts.length - 1;
    history.replaceState(null, "", "#" + starts[at].id);
    mark(true);
    event.preventDefault();
  });

  // Parts that are loaded when they are opened ------------------------------------------------------------------------

  for (const part of document.querySelectorAll("details[data-load]")) {
    part.addEventListener("toggle", async () => {
      if (!part.open || part.dataset.loaded) return;
      part.dataset.loaded = "yes";
      try {
        const answer = await fetch(part.dataset.load, { headers: { accept: "text/html" } });
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        const found = fresh.getElementById(part.dataset.partId) || fresh.querySelector("main");
        while (part.children.length > 1) part.lastElementChild.remove();
        part.append(found);
        tellTimes(part);
      } catch {
        delete part.dataset.loaded;
      }
    });
  }

  mark(true);
})();

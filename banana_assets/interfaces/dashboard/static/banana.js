// What every page does: stays up to date, answers keys, tells times, and switches the theme. No page needs it to be read.
"use strict";

const EVERY = 2000;
const SLOWEST = 15000;
const $ = (id) => document.getElementById(id);

/** The value that a page brought for a script: see script_data. */
function bananaData(ident) {
  return JSON.parse($(ident).textContent);
}

/** The token that forms and requests which change something carry. */
function bananaToken() {
  return document.querySelector("meta[name=csrf]").content;
}

// Times ------------------------------------------------------------------------------------------------------------

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60]];

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n) => String(n).padStart(2, "0");

/** A time in the zone of the browser: "12 minutes ago", "today 14:05", "3 Nov 14:05", "3 Nov 2025". */
function bananaTime(at, now = new Date()) {
  if (Math.abs(at - now) < 3600000) return ago(at, now);
  const clock = two(at.getHours()) + ":" + two(at.getMinutes());
  const midnight = (one) => new Date(one.getFullYear(), one.getMonth(), one.getDate());
  const days = Math.round((midnight(at) - midnight(now)) / 86400000);
  if (Math.abs(days) < 2) return relative.format(days, "day") + " " + clock;
  const date = at.getDate() + " " + MONTHS[at.getMonth()];
  return Math.abs(days) < 200 ? date + " " + clock : date + " " + at.getFullYear();
}

/** To the second: "22 Nov 2026 05:59:10". */
function exactly(at) {
  return at.getDate() + " " + MONTHS[at.getMonth()] + " " + at.getFullYear() + " " + [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
}

/** Show what is only true once a time has passed. */
function tellPast() {
  for (const note of document.querySelectorAll("[data-past]")) note.hidden = Date.parse(note.dataset.past) > Date.now();
}

function ago(at, now) {
  const seconds = (at - now) / 1000;
  const unit = UNITS.find(([, size]) => Math.abs(seconds) >= size);
  return unit ? relative.format(Math.round(seconds / unit[1]), unit[0]) : "just now";
}

function tellTimes(root) {
  const now = new Date();
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime), said = "exact" in time.dataset ? exactly(at) : bananaTime(at, now);
    const title = at.toISOString().slice(0, 19).replace("T", " ") + " UTC, " + ago(at, now);
    if (time.textContent !== said) time.textContent = said;
    if (time.title !== title) time.title = title;
  }
}

// Live regions -------------------------------------------------------------------------------------------------------
// A page asks for itself again with its entity tag. What has data-live and an id is exchanged when it has changed;
// children with data-key are exchanged one by one, so that what one reads or has opened stays where it is.

let tag = null, wait = EVERY, timer = 0, seen = Date.now();

const held = new Map();

function exchange(old, fresh) {
  if (held.get(old.id) === fresh.innerHTML) return;
  held.set(old.id, fresh.innerHTML);
  const open = new Set([...old.querySelectorAll("details[id]")].filter((d) => d.open).map((d) => d.id));
  const bodyOld = old.querySelector("tbody"), bodyNew = fresh.querySelector("tbody");
  if (bodyOld && bodyNew && bodyOld.querySelector("[data-key]")) {
    exchangeRows(bodyOld, bodyNew);
    for (const part of fresh.querySelectorAll("[data-part]")) {
      const mine = old.querySelector(`[data-part="${CSS.escape(part.dataset.part)}"]`);
      if (mine && mine.innerHTML !== part.innerHTML) mine.replaceChildren(...part.childNodes);
    }
  } else {
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    old.replaceChildren(...fresh.childNodes);
    if (focused && $(focused)) $(focused).focus();
  }
  for (const ident of open) if ($(ident)) $(ident).open = true;
  tellTimes(old);
}

function exchangeRows(body, fresh) {
  const mine = new Map([...body.children].map((row) => [row.dataset.key, row]));
  const rows = [...fresh.children].map((row) => {
    const old = mine.get(row.dataset.key);
    if (old && old.dataset.digest === digest(row)) return old;
    row.dataset.digest = digest(row);
    if (!old) row.classList.add("fresh");
    if (old && old.classList.contains("chosen")) row.classList.add("chosen");
    return row;
  });
  const focused = document.activeElement && document.activeElement.closest("[data-key]");
  const key = focused ? focused.dataset.key : null;
  body.replaceChildren(...rows);
  if (key !== null && !document.activeElement.closest("[data-key]")) {
    const row = rows.find((one) => one.dataset.key === key);
    if (row) (row.querySelector("a") || row).focus({ preventScroll: true });
  }
}

const digest = (row) => row.innerHTML.replace(/\s+/g, " ");

async function look() {
  clearTimeout(timer);
  const live = document.querySelector("[data-live]");
  if (document.hidden || (!live && !document.querySelector("[data-watch]"))) return;
  try {
    const headers = { accept: "text/html" };
    if (tag) headers["if-none-match"] = tag;
    const answer = await fetch(location.pathname + location.search, { headers, cache: "no-store", redirect: "error" });
    if (answer.status === 401) return lost("You are signed out. Ask for a new link with `banana keys login`.", true);
    if (answer.status === 200 && !live) {
      // Plots and forms are not exchanged under one's hands; the first answer only tells how the page stands.
      $("news").hidden = tag === null || tag === answer.headers.get("etag");
      tag = answer.headers.get("etag");
    } else if (answer.status === 200) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      // What was waited for makes another page of it: more parts, and another place in the log.
      if (document.querySelector("[data-until]") && !fresh.querySelector("[data-until]")) return location.reload();
      for (const region of document.querySelectorAll("[data-live][id]")) {
        const part = fresh.getElementById(region.id);
        if (part) exchange(region, part);
      }
      tag = answer.headers.get("etag");
      document.dispatchEvent(new CustomEvent("banana:live"));
    } else if (answer.status !== 304) {
      throw new Error(String(answer.status));
    }
    wait = live ? EVERY : SLOWEST;
    seen = Date.now();
    $("lost").hidden = true;
  } catch {
    wait = Math.min(wait * 1.5, SLOWEST);
    lost("The connection to the server is lost; this is as of " + new Date(seen).toLocaleTimeString() + ". Trying again.");
  }
  timer = setTimeout(look, wait);
}

function lost(text, ended) {
  const banner = $("lost");
  if (banner.textContent !== text) banner.textContent = text;
  banner.hidden = false;
  if (ended) clearTimeout(timer);
}

// Keys ---------------------------------------------------------------------------------------------------------------

function choose(step) {
  const rows = [...document.querySelectorAll("[data-href]")].filter((row) => row.offsetParent !== null);
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.classList.contains("chosen"));
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, at + step));
  for (const row of rows) row.classList.remove("chosen");
  rows[next].classList.add("chosen");
  const link = rows[next].querySelector("a");
  if (link) link.focus({ preventScroll: true });
  rows[next].scrollIntoView({ block: "nearest" });
}

function onKey(event) {
  const field = event.target.closest("input, textarea, select, dialog, [contenteditable]");
  if (event.key === "Escape" && document.documentElement.classList.contains("menu")) { menu(false); return $("menu-button").focus(); }
  if (event.key === "Escape" && field && field.blur) return field.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || field) return;
  const doing = {
    "/": () => { const f = document.querySelector("input[type=search]"); if (f) { f.focus(); f.select(); } else location.href = "/search"; },
    j: () => choose(1),
    k: () => choose(-1),
    "?": () => $("help").showModal(),
    Enter: () => {
      const row = document.querySelector("[data-href].chosen");
      if (row && (event.target === document.body || row.contains(event.target))) location.href = row.dataset.href;
      else return true;
    },
  }[event.key];
  if (doing && doing() !== true) event.preventDefault();
}

// Menu: on a narrow screen the pages hide behind a button; without a script they stand below it.

function menu(open) {
  $("menu-button").setAttribute("aria-expanded", String(open));
  document.documentElement.classList.toggle("menu", open);
}

// Theme --------------------------------------------------------------------------------------------------------------

const THEMES = ["system", "light", "dark"];

function showTheme() {
  const now = document.documentElement.dataset.theme || "system";
  $("theme-button").textContent = { system: "Auto", light: "Light", dark: "Dark" }[now];
  $("theme-button").setAttribute("aria-label", "Theme: " + now + ". Change it");
}

function nextTheme() {
  const now = document.documentElement.dataset.theme || "system";
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try { localStorage.setItem("banana-theme", next); } catch { /* not remembered where storage is switched off */ }
  showTheme();
  document.dispatchEvent(new CustomEvent("banana:theme"));
}

/** Open what folds where a link of the page leads to it. */
function unfold() {
  const told = location.hash.length > 1 && $(location.hash.slice(1));
  if (told instanceof HTMLDetailsElement) told.open = true;
}

for (const row of document.querySelectorAll("[data-live] [data-key]")) row.dataset.digest = digest(row);
for (const region of document.querySelectorAll("[data-live][id]")) held.set(region.id, region.innerHTML);
tellTimes(document);
tellPast();
setInterval(() => { tellTimes(document); tellPast(); }, 20000);
document.addEventListener("keydown", onKey);
addEventListener("hashchange", unfold);
document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-href]");
  if (row && !event.target.closest("a, button, input, label, summary, select") && !String(getSelection())) location.href = row.dataset.href;
});
document.addEventListener("change", (event) => {
  if (event.target.matches("form.filter select")) event.target.form.requestSubmit();
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  // An empty field is no part of an address that one may send to others.
  if (form.matches("form.filter")) for (const field of form.elements) if (field.name && field.value === "") field.disabled = true;
  if (form.dataset.sure && !confirm(form.dataset.sure)) event.preventDefault();
});
addEventListener("pageshow", () => { for (const field of document.querySelectorAll("form.filter [disabled]")) field.disabled = false; });
$("help-button").addEventListener("click", () => $("help").showModal());
$("theme-button").addEventListener("click", nextTheme);
$("menu-button").addEventListener("click", () => menu($("menu-button").getAttribute("aria-expanded") !== "true"));
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone !== "UTC") $("zone").textContent = "Times are in " + zone.replaceAll("_", " ") + "; pointing at one tells it in UTC.";
showTheme();
unfold();
timer = setTimeout(look, EVERY);

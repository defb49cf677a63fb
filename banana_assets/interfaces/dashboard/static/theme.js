// Sets the remembered theme, and that there are scripts, before anything is drawn.
"use strict";
(() => {
  let told = null;
  try { told = localStorage.getItem("banana-theme"); } catch { /* storage is switched off: as the system says */ }
  if (told === "light" || told === "dark") document.documentElement.dataset.theme = told;
  document.documentElement.classList.add("scripted");
})();

"use strict";
for (const slider of document.querySelectorAll(".compare input")) {
  slider.addEventListener("input", () => slider.parentElement.style.setProperty("--at", slider.value + "%"));
}
for (const video of document.querySelectorAll("video")) {
  video.addEventListener("error", () => { video.parentElement.querySelector(".cannot").hidden = false; });
}
for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {  // not allowed here: select it instead
      getSelection().selectAllChildren(code);
    }
  });
}
let touched = null;
function point(event) {  // Bokeh shows values under a mouse only: a finger is one that stays where it was
  if (event.pointerType !== "touch") { return; }
  const target = event.composedPath()[0], { clientX, clientY } = event;
  const mouse = { clientX, clientY, view: window, pointerType: "mouse", isPrimary: true, bubbles: true, composed: true };
  if (event.type === "pointerout") {
    event.stopPropagation();
    return;
  }
  if (touched && touched !== target) { touched.dispatchEvent(new PointerEvent("pointerout", mouse)); }
  touched = target;
  setTimeout(() => target.dispatchEvent(new PointerEvent("pointermove", mouse)));
}
for (const plot of document.querySelectorAll(".plots")) {
  for (const kind of ["pointerdown", "pointermove", "pointerout"]) {
    plot.addEventListener(kind, point, { capture: true });
  }
}
const dark = matchMedia("(prefers-color-scheme: dark)");
function tint(doc) {
  const ink = getComputedStyle(document.documentElement).getPropertyValue("--axis").trim();
  const names = ["text_color", "label_text_color", "axis_label_text_color", "major_label_text_color", "axis_line_color",
    "major_tick_line_color", "grid_line_color"];
  for (const model of doc._all_models.values()) {
    const known = names.filter((name) => name in model.properties);
    if (known.length) { model.setv(Object.fromEntries(known.map((name) => [name, ink]))); }
  }
}
dark.addEventListener("change", () => { if (window.Bokeh) { Bokeh.documents.forEach(tint); } });
const seen = new IntersectionObserver(async (entries) => {  // each plot is drawn when it comes near
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) { continue; }
    seen.unobserve(target);
    await Bokeh.embed.embed_item(JSON.parse(document.getElementById(target.id.replace("plots", "json")).textContent));
    Bokeh.documents.forEach(tint);
  }
}, { rootMargin: "600px" });
document.querySelectorAll(".plots").forEach((plot) => seen.observe(plot));

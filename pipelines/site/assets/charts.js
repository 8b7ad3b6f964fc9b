// Puts the interactive chart in the place of the drawn one: the numbers appear under the pointer.
// Without script, or where it fails, the drawing stays. Nothing is loaded from anywhere.
"use strict";
for (const place of document.querySelectorAll("[data-chart]")) {
  const spec = JSON.parse(document.getElementById(`${place.dataset.chart}-spec`).textContent);
  const drawn = [...place.children];
  const live = document.createElement("div");
  live.setAttribute("aria-hidden", "true");
  live.hidden = true;
  place.append(live);
  vegaEmbed(live, spec, { renderer: "svg", actions: false, defaultStyle: false, ast: true })
    .then(({ view }) => {
      const svg = live.querySelector("svg");
      svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
      svg.removeAttribute("width");
      svg.removeAttribute("height");
      for (const child of drawn) child.remove();
      live.hidden = false;
      place.dataset.live = "yes";
      return view;
    })
    .catch((fault) => {
      live.remove();
      console.error(fault);
    });
}

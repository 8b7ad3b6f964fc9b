// What a page can do beyond being read: find and sort missions, copy a citation, take a chart as PNG, open what an
// address leads to.
"use strict";
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const split = (text) => plain(text).split(/[^\p{L}\p{N}]+/u).filter(Boolean);

for (const input of document.querySelectorAll("[data-filter]")) {
  const rows = [...document.querySelectorAll(input.dataset.filter)];
  const said = input.closest(".search").querySelector("output");
  input.closest(".search").hidden = false;
  input.addEventListener("input", () => {
    const words = split(input.value);
    for (const row of rows) {
      const names = split(`${row.cells[0].textContent} ${row.dataset.names}`);
      const others = split(`${row.textContent} ${row.dataset.words}`);
      // The start of a word; of two letters or fewer, which begin too much, a whole word or the start of a name.
      row.hidden = !words.every((word) => names.some((name) => name.startsWith(word)) || others.some((other) => (word.length > 2 ? other.startsWith(word) : other === word)));
    }
    const found = rows.filter((row) => !row.hidden);
    const { none, one, more } = said.dataset;
    said.textContent = words.length ? [none, one][found.length] ?? more.replace("#", found.length) : "";
    for (const box of document.querySelectorAll("main section")) box.hidden = !found.some((row) => box.contains(row));
    for (const box of document.querySelectorAll("main details")) box.open = words.length > 0 && found.some((row) => box.contains(row));
  });
}

for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((heading, at) => {
    const button = document.createElement("button");
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const now = heading.getAttribute("aria-sort");
      const down = heading.matches(".n") ? now !== "descending" : now === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => row.cells[at].dataset.value ?? row.cells[at].textContent.trim();
      const sorted = [...table.tBodies[0].rows].sort((one, other) => value(one).localeCompare(value(other), undefined, { numeric: true }));
      table.tBodies[0].append(...(down ? sorted.reverse() : sorted));
    });
  });
}

for (const citation of document.querySelectorAll(".citation")) {
  const button = document.createElement("button");
  const text = citation.textContent.trim() + (location.protocol === "file:" ? "" : ` ${location.href}`);
  button.textContent = document.documentElement.lang === "nl" ? "Kopieer" : "Copy";
  button.addEventListener("click", () => navigator.clipboard.writeText(text).then(() => button.replaceChildren("✓"), () => getSelection().selectAllChildren(citation)));
  citation.append(" ", button);
}

// A chart as PNG: its sheet with the drawing in it, the same as the SVG, drawn twice as large.
for (const button of document.querySelectorAll("button.png")) {
  const figure = button.closest("figure");
  button.hidden = false;
  button.addEventListener("click", async () => {
    const sheet = figure.querySelector("template").content.firstElementChild.cloneNode(true);
    sheet.querySelector("svg").append(...figure.querySelector(".drawing svg").cloneNode(true).childNodes);
    const picture = new Image();
    picture.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(sheet))}`;
    await picture.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [picture.width * 2, picture.height * 2];
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const link = document.createElement("a");
    link.href = canvas.toDataURL();
    link.download = `${figure.getAttribute("aria-labelledby").replace(/-title$/, "")}.png`;
    link.click();
  });
}

const open = () => {
  for (let at = document.getElementById(decodeURIComponent(location.hash.slice(1))); at; at = at.parentElement) if (at.localName === "details") at.open = true;
  document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
};
addEventListener("hashchange", open);
if (location.hash) open();
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((box) => (box.open = true)));

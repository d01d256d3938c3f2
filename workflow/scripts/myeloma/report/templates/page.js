"use strict";
// One section at a time; sort, search and download on the tables; PNG and SVG of the figures.
// Nothing is fetched, and text of the tables is only ever set as text.
(function () {
  const tabs = Array.from(document.querySelectorAll("section.tab"));
  const dossiers = Array.from(document.querySelectorAll("article.dossier"));

  function show() {
    const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1))) || tabs[0];
    const tab = wanted.closest("section.tab") || tabs[0];
    const dossier = wanted.closest("article.dossier");
    tabs.forEach((t) => { t.hidden = t !== tab; });
    dossiers.forEach((d) => { d.hidden = d !== dossier; });
    document.querySelectorAll("nav a").forEach((a) => {
      if (a.hash === "#" + tab.id) a.setAttribute("aria-current", "page");
      else a.removeAttribute("aria-current");
    });
    document.querySelectorAll("#patients > h1, #patients > .table-block").forEach((e) => { e.hidden = Boolean(dossier); });
    dress(dossier || tab);
    if (dossier) window.scrollTo(0, 0);
    else if (wanted === tab || wanted.id === "main") window.scrollTo(0, 0);
    else wanted.scrollIntoView({ block: "center" });
  }

  function save(name, blob) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    document.body.appendChild(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  // A spreadsheet must not read a cell of the sheets as a formula.
  function plain(text) {
    const one = text.replace(/\s+/g, " ").trim();
    return /^[=+@]/.test(one) && one.length > 1 || /^-[^0-9.]/.test(one) ? "'" + one : one;
  }

  function asText(table) {
    return Array.from(table.rows).map((row) => Array.from(row.cells).map((c) => plain(c.textContent)).join("\t")).join("\n") + "\n";
  }

  function button(text, label, action) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    if (label) made.setAttribute("aria-label", label);
    made.addEventListener("click", action);
    return made;
  }

  function key(row, at) {
    const cell = row.cells[at];
    return cell.dataset.value !== undefined ? Number(cell.dataset.value) : cell.textContent.trim();
  }

  function sortBy(table, at, head) {
    const down = head.getAttribute("aria-sort") === "ascending";
    const body = table.tBodies[0];
    const rows = Array.from(body.rows);
    rows.sort((one, two) => {
      const a = key(one, at), b = key(two, at);
      if (a === "" || b === "") return (a === "") - (b === "");  // empty cells last, both ways
      const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
      return down ? -order : order;
    });
    body.append(...rows);
    Array.from(head.parentNode.cells).forEach((c) => c.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
  }

  function dressTable(table) {
    table.dataset.dressed = "yes";
    Array.from(table.tHead.rows[0].cells).forEach((head, at) => {
      const sorter = button("", "", () => sortBy(table, at, head));
      sorter.append(...head.childNodes);
      head.appendChild(sorter);
    });
    const tools = document.createElement("div");
    tools.className = "table-tools";
    if (table.dataset.search) {
      const label = document.createElement("label");
      label.textContent = "Search ";
      const field = document.createElement("input");
      field.type = "search";
      const found = document.createElement("span");
      found.setAttribute("role", "status");
      field.addEventListener("input", () => {
        const wanted = field.value.toLowerCase();
        let n = 0;
        Array.from(table.tBodies[0].rows).forEach((row) => {
          row.hidden = !row.textContent.toLowerCase().includes(wanted);
          n += !row.hidden;
        });
        found.textContent = wanted ? n + " of " + table.tBodies[0].rows.length + " rows" : "";
      });
      label.appendChild(field);
      tools.append(label, found);
    }
    const name = table.dataset.name;
    tools.appendChild(button("TSV", "Download this table as TSV: " + table.caption.textContent,
      () => save(name + ".tsv", new Blob([asText(table)], { type: "text/tab-separated-values" }))));
    table.closest(".table-block").prepend(tools);
  }

  function asImage(svg) {
    const copy = svg.cloneNode(true);
    const box = svg.viewBox.baseVal;
    copy.setAttribute("width", box.width);
    copy.setAttribute("height", box.height);
    return { text: new XMLSerializer().serializeToString(copy), width: box.width, height: box.height };
  }

  function png(svg, name) {
    const drawn = asImage(svg), scale = 3, image = new Image();
    image.onload = () => {
      const canvas = document.createElement("canvas");
      canvas.width = drawn.width * scale;
      canvas.height = drawn.height * scale;
      const brush = canvas.getContext("2d");
      brush.fillStyle = "#ffffff";
      brush.fillRect(0, 0, canvas.width, canvas.height);
      brush.drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => save(name + ".png", blob), "image/png");
    };
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(drawn.text);
  }

  function dressFigure(figure) {
    const svg = figure.querySelector("svg"), name = figure.dataset.name;
    const title = svg.querySelector("title").textContent;
    figure.querySelector(".tools").append(
      button("PNG", "Download as PNG: " + title, () => png(svg, name)),
      button("SVG", "Download as SVG: " + title, () => save(name + ".svg", new Blob([asImage(svg).text], { type: "image/svg+xml" }))));
  }

  // Controls are added to what is shown, when it is shown: hundreds of patients cost nothing before.
  function dress(part) {
    const shown = (e) => part.tagName === "ARTICLE" || !e.closest("article.dossier");
    part.querySelectorAll("table.data:not([data-dressed])").forEach((t) => { if (shown(t)) dressTable(t); });
    part.querySelectorAll("figure.figure").forEach((f) => { if (!f.querySelector(".tools").firstChild) dressFigure(f); });
  }

  // The pages with reads do not travel with a mailed report: a mark in their folder says that they are here.
  const pages = document.querySelectorAll("[data-evidence]");
  window.addEventListener("message", (event) => {
    if (event.data !== "evidence is here") return;
    pages.forEach((place) => {
      const link = document.createElement("a");
      link.href = place.dataset.evidence;
      link.textContent = "reads";
      place.replaceChildren(link);
    });
  }, { once: true });
  if (pages.length) {
    const mark = document.createElement("iframe");
    mark.hidden = true;
    mark.src = "evidence/_here.html";
    document.body.append(mark);
  }

  window.addEventListener("hashchange", show);
  show();
})();

"use strict";
// One section at a time; sort, search, filter and download on the tables; the patients behind a number; PNG and SVG
// of the figures. Nothing is fetched.
(function () {
  const data = JSON.parse(document.getElementById("people").textContent);
  const tabs = Array.from(document.querySelectorAll("section.tab"));
  const index = document.getElementById("table-patients");

  // A patient's page lies here as text that the browser does not read until it is asked for: hundreds of them cost
  // nothing. Every value in it was escaped when the report was made, and a script in it would not run.
  function unfold(id) {
    const folded = document.getElementById("of-" + id);
    if (!folded) return;
    const read = document.createElement("template");
    read.innerHTML = folded.textContent;
    folded.replaceWith(read.content);
    if (atHome) dress_files(document.getElementById(id));
  }

  function show() {
    const asked = decodeURIComponent(location.hash.slice(1));
    const numbers = /^who-\d+$/.test(asked) ? data.sets[Number(asked.slice(4)) - 1] : undefined;
    if (/^patient-\d+$/.test(asked)) unfold(asked);
    const wanted = numbers ? document.getElementById("patients") : document.getElementById(asked) || tabs[0];
    const tab = wanted.closest("section.tab") || tabs[0];
    const dossier = wanted.closest("article.dossier");
    tabs.forEach((t) => { t.hidden = t !== tab; });
    document.querySelectorAll("article.dossier").forEach((d) => { d.hidden = d !== dossier; });
    document.querySelectorAll("nav a").forEach((a) => {
      if (a.hash === "#" + tab.id) a.setAttribute("aria-current", "page");
      else a.removeAttribute("aria-current");
    });
    document.querySelectorAll("#patients > h1, #patients > .table-block, #who").forEach((e) => { e.hidden = Boolean(dossier); });
    if (tab.id === "patients" && !dossier) only(numbers);
    dress(dossier || tab);
    document.title = title + (dossier ? ": " + dossier.querySelector("h1").textContent : "");
    if (dossier || numbers || wanted === tab || wanted.id === "main") window.scrollTo(0, 0);
    else {
      for (let e = wanted.parentElement; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
      wanted.scrollIntoView({ block: "center" });
    }
  }
  const title = document.title;

  // The patients behind a number: the index of patients, with the others left out.
  function only(numbers) {
    const said = document.getElementById("who");
    said.hidden = !numbers;
    if (numbers) {
      document.getElementById("who-said").textContent =
        numbers[1].length + (numbers[1].length === 1 ? " patient: " : " patients: ") + numbers[0] + ".";
    }
    if (!index) return;
    Array.from(index.tBodies[0].rows).forEach((row) => {
      row.dataset.out = numbers && !numbers[1].includes(Number(row.cells[0].firstChild.hash.slice(9))) ? "yes" : "";
    });
    if (index.dataset.dressed) index.filter();
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

  function words(cell) {
    const said = cell.hasAttribute("data-text") ? cell.getAttribute("data-text") : cell.textContent;
    return said.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "").replace(/\s+/g, " ").trim();
  }

  // A spreadsheet must not read a cell of the sheets as a formula.
  function plain(one) {
    const asked = /^[=+@]/.test(one) && one.length > 1 || /^-[^0-9.]/.test(one);
    const calls = /^-/.test(one) && /[|!]|[A-Za-z]\(/.test(one);  // -2+3+cmd|...; "-0.5 (-1.2 to 0.3)" stays as it is
    return asked || calls ? "'" + one : one;
  }

  // The head and the rows that are shown: what was filtered away is not downloaded.
  function shown(table) {
    return [table.tHead.rows[0], ...Array.from(table.tBodies[0].rows).filter((row) => !row.hidden)].map((row) => Array.from(row.cells));
  }

  function asText(table) {
    return shown(table).map((row) => row.map((c) => plain(words(c))).join("\t")).join("\n") + "\n";
  }

  // Numbers as numbers, everything else as text, which a workbook never evaluates.
  function asWorkbook(table) {
    const rows = shown(table).map((row, at) => row.map((c) => {
      const text = words(c);
      if (!text) return null;
      const number = at && c.classList.contains("num") && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text);
      const value = number ? { type: Number, value: Number(text) } : { type: String, value: text };
      return at ? value : { ...value, fontWeight: "bold" };
    }));
    const columns = rows[0].map((_, at) => ({ width: Math.min(60, 3 + Math.max(...rows.map((r) => r[at] ? String(r[at].value).length : 0))) }));
    const sheet = table.dataset.name.slice(0, 31);
    return writeXlsxFile(rows, { sheet, columns, stickyRowsCount: 1 }).toBlob();
  }

  function button(text, label, action) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    if (label) made.setAttribute("aria-label", label);
    made.addEventListener("click", action);
    return made;
  }

  function labelled(text, field) {
    const label = document.createElement("label");
    label.append(text + " ", field);
    return label;
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

  // Columns of a few words each (group, state, gate) can be narrowed to one of them.
  const FEWEST_ROWS = 8, MOST_WORDS = 12, MOST_FILTERS = 4;
  function narrow(table) {
    const rows = Array.from(table.tBodies[0].rows), made = [];
    if (rows.length < FEWEST_ROWS) return made;
    Array.from(table.tHead.rows[0].cells).forEach((head, at) => {
      if (!at || head.classList.contains("num") || made.length === MOST_FILTERS) return;
      const found = new Set();
      for (const row of rows) {
        const cell = row.cells[at];
        const text = words(cell);  // numbers written as text are sorted or searched, not chosen from a list
        found.add(cell.classList.contains("long") || cell.classList.contains("date") || /^[(<]?\d/.test(text) ? null : text);
        if (found.has(null) || found.size > MOST_WORDS) return;
      }
      if (found.size < 2 || found.size > rows.length / 2) return;
      const field = document.createElement("select");
      field.append(new Option("all", ""));
      Array.from(found).sort().forEach((text) => field.append(new Option(text || "(empty)", "=" + text)));
      made.push({ field, at, name: words(head) });
    });
    return made;
  }

  function dressTable(table) {
    table.dataset.dressed = "yes";
    const tools = document.createElement("div"), found = document.createElement("span"), search = document.createElement("input");
    tools.className = "table-tools";
    search.type = "search";
    found.setAttribute("role", "status");
    const filters = table.dataset.search ? narrow(table) : [];
    Array.from(table.tHead.rows[0].cells).forEach((head, at) => {
      const sorter = button("", "", () => sortBy(table, at, head));
      sorter.append(...head.childNodes);
      head.appendChild(sorter);
    });
    table.filter = () => {
      const rows = Array.from(table.tBodies[0].rows), wanted = search.value.toLowerCase();
      const set = filters.filter((f) => f.field.value);
      rows.forEach((row) => {
        row.hidden = row.dataset.out === "yes" || !row.textContent.toLowerCase().includes(wanted) ||
          set.some((f) => "=" + words(row.cells[f.at]) !== f.field.value);
      });
      const n = rows.filter((row) => !row.hidden).length;
      found.textContent = n < rows.length || wanted || set.length ? n + " of " + rows.length + " rows" : "";
    };
    if (table.dataset.search) {
      search.addEventListener("input", table.filter);
      filters.forEach((f) => f.field.addEventListener("change", table.filter));
      tools.append(labelled("Search", search), ...filters.map((f) => labelled(f.name, f.field)), found);
      table.search = search;
    }
    const name = table.dataset.name, caption = words(table.caption);
    tools.append(
      button("TSV", "Download this table as TSV: " + caption,
        () => save(name + ".tsv", new Blob([asText(table)], { type: "text/tab-separated-values" }))),
      button("XLSX", "Download this table as a workbook: " + caption,
        () => asWorkbook(table).then((blob) => save(name + ".xlsx", blob))));
    table.closest(".table-block").prepend(tools);
    table.filter();
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
    const tools = figure.querySelector(".tools"), svg = figure.querySelector("svg"), name = figure.dataset.name;
    if (!tools || !svg || tools.firstChild) return;
    const said = svg.querySelector("title").textContent;
    tools.append(
      button("PNG", "Download as PNG: " + said, () => png(svg, name)),
      button("SVG", "Download as SVG: " + said, () => save(name + ".svg", new Blob([asImage(svg).text], { type: "image/svg+xml" }))));
  }

  // Controls are added to what is shown, when it is shown.
  function dress(part) {
    const here = (e) => part.tagName === "ARTICLE" || !e.closest("article.dossier");
    part.querySelectorAll("table.data:not([data-dressed])").forEach((t) => { if (here(t)) dressTable(t); });
    part.querySelectorAll("figure.figure").forEach(dressFigure);
  }

  // Search of the whole report: patients, abnormalities, genes.
  const MOST_FOUND = 12;
  const finder = document.getElementById("find"), results = document.getElementById("found");
  function find() {
    const wanted = finder.value.trim().toLowerCase();
    const hits = wanted ? data.find.filter((f) => f[0].toLowerCase().includes(wanted)) : [];
    const first = hits.filter((f) => f[0].toLowerCase().startsWith(wanted));
    const all = [...first, ...hits.filter((f) => !first.includes(f))];
    results.replaceChildren(...all.slice(0, MOST_FOUND).map(([text, what, place, fill]) => {
      const item = document.createElement("li"), link = document.createElement("a"), kind = document.createElement("span");
      link.href = "#" + place;
      link.textContent = text;
      kind.textContent = " " + what;
      link.addEventListener("click", () => { results.hidden = true; setTimeout(() => narrowTo(place, fill)); });
      item.append(link, kind);
      return item;
    }));
    if (wanted && !all.length) results.replaceChildren(Object.assign(document.createElement("li"), { textContent: "Nothing of this name." }));
    if (all.length > MOST_FOUND) results.append(Object.assign(document.createElement("li"), { textContent: all.length - MOST_FOUND + " more: write more of the name." }));
    results.hidden = !wanted;
  }
  function narrowTo(place, fill) {
    const table = fill && document.getElementById(place);
    if (!table || !table.search) return;
    table.search.value = fill;
    table.filter();
  }
  finder.closest("form").hidden = false;
  finder.addEventListener("input", find);
  finder.closest("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const first = results.querySelector("a");
    if (first) first.click();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !results.hidden) { results.hidden = true; finder.focus(); }
  });
  document.addEventListener("click", (event) => { if (!event.target.closest("form.find")) results.hidden = true; });

  // The pages with reads and the files behind the calls do not travel with a mailed report: a mark in the folder of the
  // reads says that they are here.
  let atHome = false;
  function dress_files(part) {
    part.querySelectorAll("[data-evidence], [data-file]").forEach((place) => {
      if (place.querySelector("a")) return;
      const link = document.createElement("a");
      link.href = place.dataset.evidence || place.dataset.file;
      link.textContent = place.dataset.evidence ? "reads" : place.textContent;
      place.replaceChildren(link);
    });
  }
  window.addEventListener("message", (event) => {
    if (event.data !== "evidence is here") return;
    atHome = true;
    dress_files(document);
  }, { once: true });
  if (data.evidence) {
    const mark = document.createElement("iframe");
    mark.hidden = true;
    mark.src = "evidence/_here.html";
    document.body.append(mark);
  }

  // Paper shows what is folded in a patient's page, and a table that is wider than A4 is made smaller.
  const PAPER = 688;  // A4 less its margins, in CSS pixels
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("article.dossier details").forEach((d) => { d.open = true; });
    document.documentElement.classList.add("paper");
    document.querySelectorAll("table.data").forEach((table) => {
      table.style.zoom = "";
      const wide = table.getClientRects().length ? table.scrollWidth : 0;
      if (wide > PAPER) table.style.zoom = 0.97 * PAPER / wide;  // text does not shrink quite evenly
    });
  });
  window.addEventListener("afterprint", () => {
    document.documentElement.classList.remove("paper");
    document.querySelectorAll("table.data").forEach((table) => { table.style.zoom = ""; });
  });
  window.addEventListener("hashchange", show);
  show();
})();

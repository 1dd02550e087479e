// Text, code and checks.

/// A section; the sections of a long page are folded except the first (contents.js).
function drawSection({ title, note, id }) {
  const heading = element("h2", { id, tabindex: -1 }, title);
  const text = note ? element("p", { class: "note" }, note) : null;
  if (sectionsOf(page.report).length < FEWEST_SECTIONS)
    return element("section", { class: "section", "aria-labelledby": id }, heading, text);
  const box = element("details", { class: "section", open: isOpenSection(id) },
    element("summary", {}, heading), text);
  box.addEventListener("toggle", keepOpenSections);
  return box;
}

registerPanel("paragraph", ({ text }) => element("p", {}, text));

registerPanel("list", ({ heading, items }) =>
  element("div", {}, heading ? element("p", {}, heading + ":") : null,
    element("ul", {}, items.map((item) => element("li", {}, item)))));

registerPanel("output", ({ text }) =>
  scrollBox("output of the program", element("pre", { class: "output" }, text)));

registerPanel("question", ({ question, answer }) =>
  element("details", { class: "question" }, element("summary", {}, question),
    element("p", {}, answer)));

registerPanel("check", ({ ok, text }) =>
  element("p", { class: ok ? "check ok" : "check failed" }, ok ? "✓ " : "✗ failed: ", text));

registerPanel("code", (panel) =>
  element("figure", { class: "code", "data-file": panel.file },
    element("figcaption", {}, panel.file), scrollBox("code of " + panel.file, codeLines(panel))));

function codeLines({ first_line, source }) {
  return source.replace(/\n$/, "").split("\n").map((line, i) =>
    element("div", { class: "line" },
      element("span", { class: "number", "aria-hidden": "true" }, first_line + i),
      element("code", {}, line || " ")));
}

/// Code in a section, beside the tensors that follow it, if there is room. Excerpts of a file that
/// follow one another share a box; a box of the file that the section's note names does not name it
/// again.
function addCode(section, panel) {
  const last = section.lastElementChild;
  const before = last?.matches(".pair") && last.childElementCount === 1 && last.firstElementChild;
  if (before && before.dataset.file === panel.file) {
    const gap = element("div", { class: "line gap" }, element("span", { class: "number" }, "⋮"));
    before.querySelector(".scroll").append(gap, ...codeLines(panel));
    return;
  }
  const figure = drawPanel(panel);
  if (section.querySelector(":scope > .note")?.textContent.startsWith(panel.file + ":"))
    figure.querySelector("figcaption").remove();
  section.append(element("div", { class: "pair" }, figure));
}

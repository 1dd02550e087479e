// The sections of a long page: their list, and which of them are open. They are <details>, so the
// browser's search opens the one in which it finds something. The state `open` has the ids of the
// open ones, or "all"; without it the first one is open.

const FEWEST_SECTIONS = 4;

function sectionsOf(report) {
  return report.panels.filter(({ type }) => type === "section");
}

function isOpenSection(id) {
  const open = page.state.open ?? sectionsOf(page.report)[0].id;
  return open === "all" || String(open).split(" ").includes(id);
}

/// Writes into the state which sections are open, after one was opened or closed.
function keepOpenSections() {
  const boxes = [...document.querySelectorAll("details.section")];
  if (boxes.length === 0) return;
  const ids = boxes.filter((box) => box.open).map((box) => box.querySelector("h2").id);
  const open = ids.length === boxes.length ? "all" : ids.join(" ");
  const isFirst = open === sectionsOf(page.report)[0].id;
  if (open !== page.state.open && !(isFirst && !("open" in page.state)))
    page.select({ open: isFirst ? null : open });
}

/// Opens what the element is inside of.
function unfold(node) {
  for (let box = node.closest("details"); box; box = box.parentElement.closest("details"))
    box.open = true;
  keepOpenSections();
}

function contentsBox() {
  const sections = sectionsOf(page.report);
  if (sections.length < FEWEST_SECTIONS) return null;
  const links = sections.map((section) => element("li", {},
    button(section.title, () => showSection(section), { class: "link" })));
  const setAll = (open) => () => {
    for (const box of document.querySelectorAll("details.section")) box.open = open;
  };
  return element("div", { class: "row contents" },
    element("details", {},
      element("summary", {}, `On this page: ${sections.length} sections`),
      element("ul", {}, links)),
    button("open all", setAll(true), { class: "mini" }),
    button("close all", setAll(false), { class: "mini" }));
}

function showSection(section) {
  const heading = document.getElementById(section.id);
  unfold(heading);
  heading.scrollIntoView();
  heading.focus({ preventScroll: true });
}

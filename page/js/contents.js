// The list of a long page's sections.

const FEWEST_SECTIONS = 4;

function contentsBox() {
  const sections = page.report.panels.filter(({ type }) => type === "section");
  if (sections.length < FEWEST_SECTIONS) return null;
  const links = sections.map((section) => element("li", {},
    button(section.title, () => showSection(section), { class: "link" })));
  return element("details", { class: "contents" },
    element("summary", {}, `On this page: ${sections.length} sections`), element("ul", {}, links));
}

function showSection(section) {
  const heading = document.getElementById(section.id);
  heading.scrollIntoView();
  heading.focus({ preventScroll: true });
}

// Text, code and checks.

function drawSection({ title, note, id }) {
  const heading = element("h2", { id, tabindex: -1 }, title);
  return element("section", { "aria-labelledby": id }, heading,
    note ? element("p", { class: "note" }, note) : null);
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

registerPanel("code", ({ file, first_line, source }) => {
  const lines = source.replace(/\n$/, "").split("\n").map((line, i) =>
    element("div", { class: "line" },
      element("span", { class: "number", "aria-hidden": "true" }, first_line + i),
      element("code", {}, line || " ")));
  return element("figure", { class: "code" }, element("figcaption", {}, file),
    scrollBox("code of " + file, lines));
});

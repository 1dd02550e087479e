// The form that runs the program again with other arguments. A page without the program has none.

function runBox() {
  const fields = page.report.run_box || [];
  if (!page.canRun || fields.length === 0) return null;
  const inputs = fields.map(runField);
  const status = element("output", { class: "say" });
  const submit = button("run", null, { type: "submit" });
  const run = async (event) => {
    event.preventDefault();
    submit.disabled = true;
    status.textContent = "running …";
    const argv = fields.flatMap((field, i) => [field.flag, inputs[i].value]);
    page.setState(Object.fromEntries(fields.map(({ flag }, i) => [flag, inputs[i].value])));
    const start = performance.now();
    try {
      page.load(await page.run(argv));
      const shown = document.querySelector(".run-box output");
      if (shown) shown.textContent = `computed here in ${Math.round(performance.now() - start)} ms`;
    } catch (error) {
      status.textContent = error.message;
      submit.disabled = false;
    }
  };
  const labels = fields.map(({ label }, i) => element("label", {}, label + " ", inputs[i]));
  return element("form", { class: "run-box", onsubmit: run },
    element("strong", {}, "The same C++, in this page: "), labels, submit, status);
}

/// The input of a field; a link can set its value.
function runField({ flag, kind, value, choices }) {
  const now = String(page.state[flag] ?? value);
  if (kind === "choice") {
    const options = choices.map((text) => element("option", { selected: text === now }, text));
    return element("select", { name: flag }, options);
  }
  if (kind === "lines") return element("textarea", { name: flag, rows: 4 }, now);
  const type = kind === "number" ? "number" : "text";
  return element("input", { name: flag, type, value: now, step: kind === "number" ? "any" : null });
}

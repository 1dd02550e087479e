// The form that runs the program again with other arguments. A page without the program has none.

/// The values with which the report of the page was made: a link has those that differ. A page that
/// is opened by such a link runs the program at once.
let firstValues = null;

function runBox() {
  const fields = page.report.run_box || [];
  if (!page.canRun || fields.length === 0) return null;
  const inputs = fields.map(runField);
  const labels = fields.map(({ label }, i) => element("label", {}, label + " ", inputs[i]));
  const submit = button("run", null, { type: "submit" });
  const stop = button("stop", () => page.stop(), { hidden: true });
  const status = element("output", { class: "say" });
  const valuesOf = () => inputs.map((input) => input.value);
  const run = async (event) => {
    event.preventDefault();
    submit.disabled = true;
    stop.hidden = false;
    status.textContent = "running …";
    const values = valuesOf();
    const start = performance.now();
    try {
      const report = await page.run(fields.flatMap(({ flag }, i) => argumentsOf(flag, values[i])));
      page.setState(linkedValues(fields, values));
      page.load(report);
      showRun(performance.now() - start);
    } catch (error) {
      status.textContent = error.message;
      submit.disabled = false;
      stop.hidden = true;
    }
  };
  const form = element("form", { class: "run-box", onsubmit: run },
    element("strong", {}, "The same C++, in this page: "), labels, submit, stop, status);
  if (!firstValues) {
    firstValues = new Map(fields.map(({ flag, value }) => [flag, String(value)]));
    const linked = Object.values(linkedValues(fields, valuesOf())).some((value) => value !== null);
    if (linked) setTimeout(() => form.isConnected && form.requestSubmit(), 0);
  }
  return form;
}

/// An empty field is the program's own default.
function argumentsOf(flag, value) {
  return value.trim() === "" ? [] : [flag, value];
}

/// The state for a link: null for a value of the page's own report.
function linkedValues(fields, values) {
  return Object.fromEntries(fields.map(({ flag }, i) => {
    return [flag, values[i] === firstValues.get(flag) ? null : values[i]];
  }));
}

/// Says in the new page how long the run took, and leaves the keyboard where it was.
function showRun(milliseconds) {
  const box = document.querySelector(".run-box");
  if (!box) return;
  const time = milliseconds < 10_000 ? `${Math.round(milliseconds)} ms`
    : `${Math.round(milliseconds / 1000)} s`;
  box.querySelector("output").textContent = `computed here in ${time}`;
  box.querySelector("button[type=submit]").focus({ preventScroll: true });
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

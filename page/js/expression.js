// A field for an expression in C++ that the program in the page runs (page/play/kit/expression.h).

/// The text, the examples and the fault. panel = {type, examples: [{label, code, result}]}.
/// compute(code) runs the program with argv(code) and adds the result to the map `results`; show
/// (result) is called when a result is drawn. `cleared` is the state that another text ends.
function expressionInput({ panel, results, cleared, argv }) {
  const text = element("textarea", { rows: 2, spellcheck: "false", autocapitalize: "off",
    "aria-label": "an expression in C++", style: "width:100%;font-family:ui-monospace,monospace" });
  const status = element("p", { class: "say", role: "status" });
  const fault = element("div");
  const choose = (code) => page.select({ code, tour: null, ...cleared });
  const submit = (event) => {
    event?.preventDefault();
    choose(text.value.trim());
  };
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) submit(event);
  });
  const examples = panel.examples.map(({ label, code }) =>
    button(label, () => choose(code), { title: code, "data-code": code }));
  const compute = async (code) => {
    text.value = code;
    if (!page.canRun) {
      status.textContent = "This page does not contain the program; choose an example.";
      return;
    }
    status.textContent = "running …";
    try {
      const report = await page.run(argv(code));
      const { result } = report.panels.find(({ type }) => type === panel.type);
      results.set(code, result);
      status.textContent = "";
      page.select({});
    } catch (error) {
      if (String(page.state.code) === code) status.textContent = error.message;
    }
  };
  const show = (result) => {
    if (document.activeElement !== text) text.value = result.code;
    status.textContent = "";
    fault.replaceChildren(...expressionFault(result));
    for (const each of examples)
      each.setAttribute("aria-pressed", String(each.dataset.code === result.code));
  };
  const form = element("form", { onsubmit: submit }, text,
    element("div", { class: "row", style: "gap:6px;margin-top:6px;align-items:center" },
      button("run", null, { type: "submit", disabled: !page.canRun }),
      page.canRun ? null : element("small", {}, "choose an example:"), examples));
  return { node: element("div", {}, form, status, fault), compute, show };
}

/// The sentence of the library or of the parser, and the text with the fault underlined.
function expressionFault({ code, fault }) {
  if (!fault) return [];
  const letters = Array.from(code);
  const part = (from, to) => letters.slice(from, to).join("");
  const marked = part(fault.first, fault.last) || "␣";
  return [element("p", { class: "check failed", role: "alert" },
    `✗ ${fault.where}: ${fault.message}`),
  element("pre", { class: "output", style: "white-space:pre-wrap" }, part(0, fault.first),
    element("mark", {}, marked), part(fault.last, letters.length))];
}

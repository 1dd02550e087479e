// How the selected weight came about, number by number.

/// Two tables: q x k = sum -> score -> weight, and weight x v -> output.
function numberByNumber(view) {
  const last = view.steps[view.steps.length - 1];
  if (!last.q || !last.scores || !last.divisor) return null;
  const box = element("div");
  const figure = element("figure", { class: "numbers" }, element("figcaption", {},
    element("b", {}, "the selected weight, number by number")), box);
  figure.update = () => box.replaceChildren(...numberRows(view));
  return figure;
}

function numberRows(view) {
  const { query, key, head } = view.now();
  if (!view.tensor("q"))
    return [element("p", {}, "The page has the queries and keys of the last training step only.")];
  const row = (field, i) => rowOf(view.tensor(field), head, i);
  const q = row("q", query);
  const k = row("k", key);
  const products = q.map((x, c) => x * k[c]);
  const names = [`q “${view.queries[query]}”`, `k “${view.keys[key]}”`];
  const score = vectorTable("the score", [
    { name: names[0], numbers: q, color: "--q" },
    { name: names[1], numbers: k, color: "--k" },
    { name: "q × k", numbers: products },
  ]);
  return [score, scoreInWords(view), ...outputRows(view, row)];
}

function rowOf(tensor, head, i) {
  const [, rows, width] = tensor.shape;
  const start = (head * rows + i) * width;
  return [...tensor.data.slice(start, start + width)];
}

/// The score is the one that C++ computed.
function scoreInWords(view) {
  const { query, key, head, step } = view.now();
  const { divisor, divisor_text: text } = step;
  const why = view.panel.masked_because;
  const score = view.tensor("scores").at(head, query, key);
  const sum = `sum of q × k = ${format(score, 3)}, the score`;
  if (view.isHidden(query, key))
    return element("p", { class: "chain" }, `${sum} → hidden: −∞, because ${why} → weight 0`);
  const weight = view.tensor("weights").at(head, query, key);
  const scaled = divisor === 1 ? "" : ` → ÷ ${text} = ${format(score / divisor, 3)}`;
  return element("p", { class: "chain" }, `${sum}${scaled} → softmax over the row → weight `,
    element("b", {}, format(weight, 3)));
}

function outputRows(view, row) {
  const { query, key, head } = view.now();
  if (!view.tensor("v") || !view.tensor("context") || view.isHidden(query, key)) return [];
  const field = view.tensor("dropped_weights") ? "dropped_weights" : "weights";
  const weight = view.tensor(field).at(head, query, key);
  const v = row("v", key);
  const dropped = field === "weights" ? "" : " after dropout";
  return [
    vectorTable("the output", [
      { name: `v “${view.keys[key]}”`, numbers: v, color: "--v" },
      { name: `× weight ${format(weight, 3)}${dropped}`, numbers: v.map((x) => x * weight) },
      { name: `output “${view.queries[query]}”`, numbers: row("context", query) },
    ]),
    element("p", { class: "chain" }, "The output is the sum of weight × v over all keys."),
  ];
}

/// Rows of numbers, one column for each channel.
function vectorTable(caption, rows) {
  const top = largest(rows.flatMap(({ numbers }) => numbers)) || 1;
  const cell = (x) => {
    const td = element("td", {}, format(x, 2));
    shade(td, x, top);
    return td;
  };
  const channel = clampIndex(page.selection.channel, rows[0].numbers.length);
  const columns = rows[0].numbers.map((_, c) =>
    element("th", { scope: "col", class: c === channel ? "on" : null }, c));
  return scrollBox(caption, element("table", { class: "cells vectors", "aria-label": caption },
    element("thead", {}, element("tr", {}, element("td", { class: "corner" }, "channel→"),
      columns)),
    element("tbody", {}, rows.map(({ name, numbers, color }) => element("tr", {},
      element("th", { scope: "row", style: color ? `color: var(${color})` : null }, name),
      numbers.map(cell))))));
}

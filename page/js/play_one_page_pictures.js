// The pictures of "A GPT on one page": attention, predictions, embeddings, the loss, names.

/// The weights of the four heads: who reads whom.
function onePageAttention(view) {
  const { tokens } = view.data;
  const say = element("p", { class: "say" });
  const T = tokens.length;
  const weight = (head, i, j) => {
    const { snapshot } = onePageSelection(view.data);
    return numberOf(snapshot.attention[(head * T + i) * T + j]);
  };
  const figures = [0, 1, 2, 3].map((head) => matrixFigure({
    caption: `head ${head}`, corner: "reads↓ from→", rows: tokens, columns: tokens, top: 1,
    value: (i, j) => weight(head, i, j),
    isMasked: (i, j) => j > i,
    select: (letter, from, preview) => page.select({ letter, from, head }, preview),
    selected: () => {
      const { letter, head: now } = onePageSelection(view.data);
      return { row: letter, column: now === head ? page.selection.from ?? -1 : -1 };
    },
  }));
  let drawn = null;
  view.updates.push(() => {
    const { snapshot, letter, head } = onePageSelection(view.data);
    const now = [snapshot.step, page.state.theme].join();
    for (const figure of figures) {
      if (now !== drawn) figure.repaint();
      figure.mark();
    }
    drawn = now;
    const from = Math.min(page.selection.from ?? 0, T - 1);
    say.textContent = from > letter
      ? `“${tokens[from]}” comes after “${tokens[letter]}”: it may not be read`
      : `“${tokens[letter]}” reads “${tokens[from]}” with weight `
        + `${format(weight(head, letter, from), 3)} in head ${head} after ${snapshot.step} steps`;
  });
  return [element("h3", {}, "Attention: four heads"), say,
    element("div", { class: "row" }, figures)];
}

/// The probabilities of the letter that comes next.
function onePagePredictions(view) {
  const { tokens, letters } = view.data;
  const title = element("h3");
  const box = element("div");
  view.updates.push(() => {
    const { snapshot, letter } = onePageSelection(view.data);
    const V = letters.length;
    const next = tokens[letter + 1] ?? "BOS";
    const items = snapshot.probabilities.slice(letter * V, (letter + 1) * V)
      .map((p, i) => ({ label: letters[i], value: numberOf(p) }))
      .sort((a, b) => b.value - a.value);
    const place = items.findIndex(({ label }) => label === next);
    const shown = items.slice(0, 8);
    if (place >= 8) shown.push(items[place]);
    for (const item of shown) if (item.label === next) item.label += " ← in the word";
    title.textContent = `After “${tokens.slice(0, letter + 1).join(" ")}”: the next letter`;
    box.replaceChildren(barList(shown, (p) => format(100 * p, 1) + " %"));
  });
  return [title, box];
}

/// The embeddings of the letters as points: two directions of the sixteen.
function onePageMap(view) {
  const { letters, snapshots } = view.data;
  const [width, height, margin] = [340, 260, 18];
  const all = snapshots.flatMap(({ map }) => map.map(numberOf));
  const xs = all.filter((_, i) => i % 2 === 0);
  const ys = all.filter((_, i) => i % 2 === 1);
  const scale = (values, size) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return (x) => margin + (size - 2 * margin) * (x - low) / (high - low || 1);
  };
  const [X, Y] = [scale(xs, width), scale(ys, height)];
  const points = letters.map((letter) =>
    svgElement("text", { "text-anchor": "middle", fill: "var(--ink)" }, letter));
  const svg = svgElement("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": "the embeddings of the letters as points" },
  svgElement("rect", { width, height, fill: "var(--paper)", stroke: "var(--line)" }), points);
  view.updates.push(() => {
    const { snapshot, letter } = onePageSelection(view.data);
    points.forEach((point, i) => {
      point.setAttribute("x", X(numberOf(snapshot.map[2 * i])).toFixed(1));
      point.setAttribute("y", (Y(numberOf(snapshot.map[2 * i + 1])) + 4).toFixed(1));
      const isChosen = letters[i] === view.data.tokens[letter];
      point.setAttribute("font-weight", isChosen ? 700 : 400);
      point.setAttribute("fill", isChosen ? "var(--pick)" : "var(--ink)");
      point.style.fill = isChosen ? "var(--pick)" : "var(--ink)";
    });
  });
  return [element("h3", {}, "wte: the letters in two directions"),
    element("figure", {}, svg, element("figcaption", {},
      element("small", {}, "of 16: those in which the trained letters differ most "),
      saveSvgButton("the letters", () => svg)))];
}

/// The loss of every step. A click goes to the nearest snapshot.
function onePageCurve(view) {
  const { losses, smoothed, baselines, snapshots } = view.data;
  const [width, height, left, bottom, right] = [600, 260, 36, 24, 190];
  const high = Math.max(...losses, baselines[0].loss);
  const X = (step) => left + (width - left - right) * step / losses.length;
  const Y = (loss) => 8 + (height - bottom - 8) * (1 - loss / high);
  const line = (values, attributes) => svgElement("polyline", { fill: "none", ...attributes,
    points: values.map((y, i) => `${X(i + 1).toFixed(1)},${Y(y).toFixed(1)}`).join(" ") });
  const rule = svgElement("line", { y1: 8, y2: height - bottom, stroke: "var(--pick)",
    "stroke-width": 2 });
  const text = (x, y, content, anchor = "start") =>
    svgElement("text", { x, y, "text-anchor": anchor, fill: "var(--ink)" }, content);
  const ticks = [0, 1, 2, 3, 4, 5, 6].filter((loss) => loss <= high)
    .map((loss) => text(left - 6, Y(loss) + 4, String(loss), "end"));
  const steps = [0, 250, 500, 750, 1000].map((step) => text(X(step), height - 6, step, "middle"));
  const levels = baselines.map(({ loss, label }) => [
    svgElement("line", { x1: left, x2: width - right, y1: Y(loss), y2: Y(loss),
      stroke: "var(--soft)", "stroke-dasharray": "4 4" }),
    text(width - right + 6, Y(loss) + 4, `${label}: ${format(loss, 2)}`)]).flat();
  const pick = (event) => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) * width / box.width;
    const step = (x - left) / (width - left - right) * losses.length;
    const near = snapshots.reduce((best, each) =>
      (Math.abs(each.step - step) < Math.abs(best.step - step) ? each : best));
    page.select({ step: near.step });
  };
  const svg = svgElement("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": "the loss of every training step", onclick: pick, class: "wide" },
  svgElement("rect", { width, height, fill: "var(--paper)" }), ticks, steps, levels,
  line(losses, { stroke: "var(--s0)", "stroke-width": 0.6, opacity: 0.6 }),
  line(smoothed, { stroke: "var(--s1)", "stroke-width": 2.5 }), rule);
  view.updates.push(() => {
    const x = X(onePageSelection(view.data).snapshot.step);
    rule.setAttribute("x1", x);
    rule.setAttribute("x2", x);
  });
  return [element("h3", {}, "The loss of each of the 1,000 steps"),
    element("figure", {}, scrollBox("the loss", svg), element("figcaption", {},
      element("small", {}, "thin: one word; thick: the mean of 50 steps "),
      saveSvgButton("the loss", () => svg)))];
}

/// The names that the model made up.
function onePageNames(view) {
  const columns = view.data.names.map(({ step, names, note }) => ({ step,
    node: element("div", {}, element("b", {}, `after ${step} steps`),
      element("ul", {}, names.slice(0, 10).map((name) => element("li", {}, name))),
      element("small", {}, note)) }));
  view.updates.push(() => {
    const { snapshot } = onePageSelection(view.data);
    for (const { step, node } of columns) node.classList.toggle("on", step === snapshot.step);
  });
  return [element("h3", {}, "Names that it makes up"),
    element("div", { class: "names" }, columns.map(({ node }) => node))];
}

// The pictures of "How much fits through one vector?": accuracies and gradients.

const BOTTLENECK_DASHES = ["", "7 4", "2 3", "10 3 2 3"];

/// The share of sequences that each model repeats, against their length.
function bottleneckAccuracy(view) {
  const { accuracy, longest, longest_trained: trained, claim, provenance } = view.data;
  const [width, height, left, bottom, right] = [760, 270, 44, 40, 110];
  const X = (length) => left + (width - left - right) * (length - 1) / (longest - 1);
  const Y = (share) => 12 + (height - bottom - 12) * (1 - share);
  const text = (x, y, content, anchor = "middle", fill = "var(--ink)") =>
    svgElement("text", { x, y, "text-anchor": anchor, fill, style: `fill:${fill}` }, content);
  const frame = [svgElement("rect", { width, height, fill: "var(--paper)" }),
    svgElement("rect", { x: X(trained), y: 12, width: X(longest) - X(trained),
      height: height - bottom - 12, fill: "var(--card)" }),
    text((X(trained) + X(longest)) / 2, height - 6, "longer than in training", "middle",
      "var(--soft)")];
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    frame.push(svgElement("line", { x1: left, x2: width - right, y1: Y(share), y2: Y(share),
      stroke: "var(--line)" }), text(left - 6, Y(share) + 4, `${100 * share} %`, "end"));
  }
  for (let length = 2; length <= longest; length += 2)
    frame.push(text(X(length), height - 22, String(length)));
  frame.push(text(X(trained / 2), height - 6, "digits in a sequence", "middle", "var(--soft)"));
  const ends = spread(accuracy.map(({ mean }) => Y(mean[longest - 1])), 15);
  const lines = accuracy.map(({ model, mean, low, high }, m) => [
    low.map((share, i) => svgElement("line", { x1: X(i + 1), x2: X(i + 1), y1: Y(share),
      y2: Y(high[i]), stroke: `var(--s${m})`, "stroke-width": 4, opacity: 0.35 })),
    svgElement("polyline", { fill: "none", stroke: `var(--s${m})`, "stroke-width": 2.5,
      "stroke-dasharray": BOTTLENECK_DASHES[m],
      points: mean.map((share, i) => `${X(i + 1).toFixed(1)},${Y(share).toFixed(1)}`).join(" ") },
    svgElement("title", {}, model)),
    text(width - right + 6, ends[m] + 4, model, "start", `var(--s${m})`)]).flat(2);
  const rule = svgElement("line", { y1: 12, y2: height - bottom, stroke: "var(--pick)",
    "stroke-width": 1.5 }, svgElement("title", {}, "your digits"));
  const svg = svgElement("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": claim, class: "wide" }, frame, lines, rule);
  view.lengthChanged = () => {
    rule.setAttribute("x1", X(view.data.digits.length));
    rule.setAttribute("x2", X(view.data.digits.length));
  };
  return element("figure", {}, scrollBox("accuracy by length", svg),
    element("figcaption", {}, element("b", {}, claim + " "),
      saveSvgButton("accuracy by length", () => svg), element("small", {}, provenance)));
}

const BOTTLENECK_LOWEST = 230; // above the numbers of the axis

/// Places at least `gap` apart, near the wanted ones.
function spread(places, gap) {
  const order = places.map((_, i) => i).sort((a, b) => places[a] - places[b]);
  const result = [...places];
  order.slice(1).forEach((i, n) => {
    result[i] = Math.max(result[i], result[order[n]] + gap);
  });
  let lowest = BOTTLENECK_LOWEST;
  for (const i of order.reverse()) {
    result[i] = Math.min(result[i], lowest);
    lowest = result[i] - gap;
  }
  return result;
}

/// How much of the gradient of the chosen output digit reaches each encoder step, on a logarithmic
/// scale.
function bottleneckGradient(view, model) {
  const { digits } = view.data;
  const [width, height, left, top, bottom] = [290, 128, 34, 8, 20];
  const [high, low] = [1, -6]; // powers of ten
  const T = digits.length;
  const Y = (power) => {
    const inside = Math.max(low, Math.min(high, power));
    return top + (height - top - bottom) * (high - inside) / (high - low);
  };
  const step = (width - left - 6) / T;
  const bars = [...digits].map((_, s) => svgElement("rect",
    { x: left + s * step + 1, width: step - 2, fill: "var(--hot)" }));
  const labels = [...digits].map((digit, s) => svgElement("text",
    { x: left + (s + 0.5) * step, y: height - 6, "text-anchor": "middle", fill: "var(--ink)" },
    digit));
  const grid = [0, -2, -4, -6].map((power) => [
    svgElement("line", { x1: left, x2: width, y1: Y(power), y2: Y(power), stroke: "var(--line)" }),
    svgElement("text", { x: left - 4, y: Y(power) + 4, "text-anchor": "end", fill: "var(--soft)" },
      power === 0 ? "1" : `1e${power}`.replace("-", "−"))]).flat();
  const caption = element("small");
  const svg = svgElement("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img" },
    svgElement("rect", { width, height, fill: "var(--paper)" }), grid, bars, labels);
  view.updates.push(() => {
    const { query, untrained } = bottleneckSelection(view.data);
    const powers = decode(untrained ? model.gradient_untrained : model.gradient);
    bars.forEach((bar, s) => {
      const y = Y(powers.at(query, s));
      bar.setAttribute("y", y);
      bar.setAttribute("height", Math.max(1, height - bottom - y));
    });
    caption.textContent = `gradient of output ${query + 1} at each input digit`
      + (untrained ? ", before the training " : " ");
    svg.setAttribute("aria-label", caption.textContent + ": "
      + [...digits].map((digit, s) => `${digit} 10^${format(powers.at(query, s), 1)}`).join(", "));
  });
  return element("figure", {}, scrollBox(`gradients of ${model.name}`, svg),
    element("figcaption", {}, caption, saveSvgButton(`gradient of ${model.name}`, () => svg)));
}

// Lines over the same x.

registerPanel("curve", (panel) => {
  const [width, height, left, bottom] = [720, 220, 56, 34];
  const x = panel.x.map(numberOf);
  const scale = (y) => (panel.log ? Math.log10(y) : y);
  const all = panel.series.flatMap(({ values }) => values.map(numberOf).map(scale))
    .filter(Number.isFinite);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const X = (v) => left + (width - left - 10) * (v - x[0]) / (x[x.length - 1] - x[0] || 1);
  const Y = (v) => 8 + (height - bottom - 8) * (1 - (scale(v) - low) / (high - low || 1));
  const svg = svgElement("svg", { viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": panel.title });
  panel.series.forEach(({ name, values }, n) => {
    const points = values.map((y, i) => `${X(x[i]).toFixed(1)},${Y(numberOf(y)).toFixed(1)}`);
    svg.append(svgElement("polyline", { points: points.join(" "), fill: "none",
      stroke: `var(--s${n % 4})`, "stroke-width": 1.5 },
    svgElement("title", {}, name)));
  });
  const legend = panel.series.map(({ name }, n) =>
    element("span", { class: "key" + (n % 4) }, "— " + name + " "));
  return element("figure", {}, scrollBox(panel.title, svg),
    element("figcaption", {}, legend, saveSvgButton(panel.title, () => svg)));
});

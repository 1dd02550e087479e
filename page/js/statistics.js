// mean, standard deviation, smallest and largest element, and a histogram.

function statisticsFigure(name, statistics) {
  if (!("mean" in statistics) || statistics.count < 2) return null;
  const rows = ["mean", "std", "min", "max"].map((key) => element("tr", {},
    element("th", { scope: "row" }, key),
    element("td", {}, formatShort(numberOf(statistics[key])))));
  const table = element("table", { class: "list", "aria-label": `statistics of ${name}` },
    element("tbody", {}, element("tr", {}, element("th", { scope: "row" }, "count"),
      element("td", {}, statistics.count.toLocaleString("en"))), rows));
  const { histogram } = statistics;
  if (!histogram) return element("figure", {}, table);
  const picture = histogramPicture(name, histogram, 260, 110);
  return element("figure", {}, element("figcaption", {}, element("b", {}, "statistics"), " ",
    saveSvgButton(`histogram of ${name}`, () => picture)), table, picture);
}

/// How many elements are in each of the bins between low and high.
function histogramPicture(name, { low, high, counts }, width, height) {
  const most = Math.max(...counts);
  const base = height - 18;
  const svg = svgElement("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
    "aria-label": `histogram of ${name} from ${formatShort(low)} to ${formatShort(high)}; the ` +
      `fullest of ${counts.length} bins has ${most} elements` });
  const bin = (width - 8) / counts.length;
  counts.forEach((count, n) => {
    const size = count ? Math.max(1, (base - 6) * count / most) : 0;
    svg.append(svgElement("rect", { x: 4 + n * bin, y: base - size, width: bin - 1, height: size,
      fill: "var(--hot)" }, svgElement("title", {}, `${count} elements`)));
  });
  const line = (ends) => svgElement("line", { stroke: "var(--soft)", ...ends });
  svg.append(line({ x1: 4, x2: width - 4, y1: base, y2: base }),
    svgElement("text", { x: 4, y: height - 4 }, formatShort(low)),
    svgElement("text", { x: width - 4, y: height - 4, "text-anchor": "end" }, formatShort(high)));
  if (low < 0 && high > 0) {
    const x = 4 + (width - 8) * (0 - low) / (high - low);
    svg.append(line({ x1: x, x2: x, y1: 2, y2: base, "stroke-dasharray": "3 3" }),
      x > width / 3 && x < width * 2 / 3
      ? svgElement("text", { x, y: height - 4, "text-anchor": "middle" }, "0") : "");
  }
  return svg;
}

// The tour: sentences that lead through the page, each with what it selects.

function tourBox() {
  const stops = page.report.tour;
  if (!stops || stops.length === 0) return null;
  const text = element("span", { class: "say" });
  const show = (n) => {
    const stop = stops[n];
    text.textContent = `${n + 1} of ${stops.length}: ${stop.say}`;
    announce(stop.say);
    page.select({ tour: n + 1, ...numericValues(stop.select) });
    const target = stop.panel && document.getElementById(slug(stop.panel));
    if (target) target.scrollIntoView({ block: "start" });
  };
  const move = (by) => () => {
    const now = page.state.tour ?? 0;
    show(Math.max(0, Math.min(stops.length - 1, now - 1 + by)));
  };
  const now = page.state.tour;
  text.textContent = now >= 1 && now <= stops.length
    ? `${now} of ${stops.length}: ${stops[now - 1].say}`
    : `A tour of ${stops.length} stops.`;
  return element("nav", { class: "tour", "aria-label": "tour" },
    button("◀", move(-1), { "aria-label": "previous stop of the tour" }),
    button("▶", move(1), { "aria-label": "next stop of the tour" }), text);
}

function numericValues(select) {
  return Object.fromEntries(Object.entries(select || {}).map(([key, text]) => {
    return [key, NUMERIC.test(text) ? Number(text) : text];
  }));
}

// The tour: sentences that lead through the page, each with what it selects.

function tourBox() {
  if (!page.report.tour || page.report.tour.length === 0) return null;
  const text = element("span", { class: "say" });
  const show = (n) => {
    const stops = page.report.tour; // another run may have brought another one
    const stop = stops[n];
    text.textContent = `${n + 1} of ${stops.length}: ${stop.say}`;
    announce(stop.say);
    page.select({ tour: n + 1, ...numericValues(stop.select) });
    const target = stop.panel && document.getElementById(slug(stop.panel));
    if (!target) return;
    unfold(target);
    target.scrollIntoView({ block: "start" });
  };
  const move = (by) => () => {
    const now = page.state.tour ?? 0;
    show(Math.max(0, Math.min(page.report.tour.length - 1, now - 1 + by)));
  };
  const { tour: now } = page.state;
  const stops = page.report.tour;
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

// The index of many pages: what each is about, with a link.

registerPanel("course_map", ({ entries }) =>
  element("ol", { class: "course-map" }, entries.map((entry) =>
    element("li", {},
      element("a", { href: encodeURI(entry.file) }, entry.title),
      element("span", {}, entry.text),
      courseFacts(entry)))));

/// "1 s · exercises: softmax, gelu"
function courseFacts({ time, quick, exercises }) {
  const facts = [];
  if (time) facts.push(time);
  if (quick)
    facts.push("in this page trained for a few steps only (./run pages --full trains completely)");
  if (exercises && exercises.length > 0)
    facts.push((exercises.length === 1 ? "exercise: " : "exercises: ") + exercises.join(", "));
  return facts.length > 0 ? element("small", {}, facts.join(" · ")) : null;
}

// Reports inside the text of a page.

/// The text of a page with a changed report.
export function withReport(html, change) {
  return html.replace(/(<script type="application\/json" id="report">)(.*?)(<\/script>)/s,
    (_, open, json, close) => {
      const report = JSON.parse(json);
      change(report);
      return open + JSON.stringify(report).replaceAll("<", "\\u003c") + close;
    });
}

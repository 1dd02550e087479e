// The text of a page: its report, and its security policy.
import { createHash } from "node:crypto";

/// The text of a page with a changed report.
export function withReport(html, change) {
  return html.replace(/(<script type="application\/json" id="report">)(.*?)(<\/script>)/s,
    (_, open, json, close) => {
      const report = JSON.parse(json);
      change(report);
      return open + JSON.stringify(report).replaceAll("<", "\\u003c") + close;
    });
}

/// The page with a policy that allows all of its scripts and styles, also those that were added or
/// changed after it was written.
export function allowing(html) {
  const hashes = (tag) => [...html.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, "gs"))]
    .map(([, text]) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`).join(" ");
  return html.replace(/(script-src|style-src) 'sha256-[^']*'/g,
    (_, name) => `${name} ${hashes(name.split("-")[0])}`);
}

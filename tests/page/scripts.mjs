// The page's script is many files that become one (page/CMakeLists.txt): rules for their text.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const folder = new URL("../../page/js/", import.meta.url);
const texts = new Map(readdirSync(folder).filter((name) => name.endsWith(".js"))
  .map((name) => [name, readFileSync(new URL(name, folder), "utf8")]));

test("no two files of the script define the same name", () => {
  const places = new Map();
  for (const [file, text] of texts) {
    for (const [, name] of text.matchAll(/^(?:async )?(?:function\*?|const|let|class) (\w+)/gm)) {
      assert.ok(!places.has(name), `${name} is defined in ${places.get(name)} and in ${file}`);
      places.set(name, file);
    }
  }
  assert.ok(places.size > 100, `only ${places.size} names were found`);
});

test("a script never turns text into HTML or code", () => {
  const forbidden =
    /\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval)\b|new Function/;
  for (const [file, text] of texts) {
    text.split("\n").forEach((line, i) => {
      assert.doesNotMatch(line.replace(/\/\/.*/, ""), forbidden, `${file}:${i + 1}`);
    });
  }
});

test("every kind of panel is registered once", () => {
  const places = new Map();
  for (const [file, text] of texts) {
    for (const [, type] of text.matchAll(/registerPanel\("(\w+)"/g)) {
      assert.ok(!places.has(type), `${type} is drawn by ${places.get(type)} and by ${file}`);
      places.set(type, file);
    }
  }
  assert.ok(places.size >= 10);
});

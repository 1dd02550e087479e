// Every program prints the same in WebAssembly as natively, within the tolerance of compare.mjs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { differencesOfOutputs } from "./compare.mjs";
import { allPrograms, runNative, runWasm } from "./programs.mjs";

/// The arguments of a program: its report as JSON. Lessons that train take a few steps only, and
/// nothing is measured.
function argumentsOf(name) {
  if (name.startsWith("lesson_")) return ["--json", "--quick"];
  if (name === "play_matmul") return ["--json", "--measure", "0"];
  return name.startsWith("play_") ? ["--json"] : [];
}

/// The outputs of both, and their differences.
async function compare(name, nativeArgs, wasmArgs = nativeArgs) {
  const [native, wasm] = await Promise.all([runNative(name, nativeArgs), runWasm(name, wasmArgs)]);
  assert.equal(native.status, 0, native.message);
  assert.equal(wasm.status, 0, wasm.message);
  assert.ok(native.output.length > 0, "it printed nothing");
  return {
    isSame: native.output === wasm.output,
    differences: differencesOfOutputs(native.output, wasm.output),
  };
}

const programs = allPrograms().filter((name) => !name.startsWith("wasm_test_"));
let same = 0;

test("there are programs", () => {
  for (const name of ["lesson_01", "lesson_06", "lesson_10", "wasm_words"])
    assert.ok(programs.includes(name), `${name} is missing`);
});

for (const name of programs) {
  test(`${name} prints the same`, async () => {
    const { isSame, differences } = await compare(name, argumentsOf(name));
    same += isSame;
    const shown = differences.slice(0, 10).join("\n");
    assert.equal(differences.length, 0, `${differences.length} differences\n${shown}`);
  });
}

test("how many are equal in every byte", (t) => {
  t.diagnostic(`${same} of ${programs.length} programs print the same bytes`);
});

test("a program with another seed is found", async () => {
  const { differences } = await compare("lesson_06", ["--json", "--seed", "1"],
    ["--json", "--seed", "2"]);
  assert.notEqual(differences.length, 0);
});

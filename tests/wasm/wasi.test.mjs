// The host of the programs (wasm/wasi.js) and the runtime in them (wasm/runtime).
import assert from "node:assert/strict";
import fs from "node:fs";
import { test } from "node:test";
import vm from "node:vm";
import zlib from "node:zlib";
import { runWasm, wasmFile } from "./programs.mjs";

const source = fs.readFileSync(new URL("../../wasm/wasi.js", import.meta.url), "utf8");
const WasiProgram = vm.runInThisContext(`${source}\nWasiProgram`);
const bytesOf = (name) => new Uint8Array(zlib.gunzipSync(fs.readFileSync(wasmFile(name))));

for (const [name, sentence] of [
  ["exceptions", "exceptions work"], ["runtime", "the runtime works"],
  ["allocation", "sizes have 64 bits"]]) {
  test(`the program ${name} finds nothing wrong`, async () => {
    const { status, output, message } = await runWasm(`wasm_test_${name}`);
    assert.equal(output + message, sentence + "\n");
    assert.equal(status, 0);
  });
}

test("an exception that nobody catches ends with its message", async () => {
  const { status, message } = await runWasm("wasm_test_exceptions", ["throw"]);
  assert.equal(message, "an exception was not caught: nobody catches this\n");
  assert.equal(status, 134);
});

test("a program has its arguments, environment, streams and exit status", async () => {
  const written = { 1: "", 2: "" };
  const decoder = new TextDecoder();
  const run = (args, env = {}) => new WasiProgram(bytesOf("lesson_06"), {
    args: ["lesson_06", ...args],
    env,
    write: (fd, bytes) => { written[fd] += decoder.decode(bytes); },
  }).run();
  assert.equal(await run(["--about"]), 0);
  assert.match(written[1], /Causal attention/);
  assert.equal(written[2], "");
  assert.equal(await run(["--seed", "no number"]), 2);
  assert.match(written[2], /--seed/);
  written[2] = "";
  assert.equal(await run(["--text", "one"]), 1);
  assert.match(written[2], /^lesson 06: .*words/);
});

test("files of the host are found under their names", async () => {
  let output = "";
  const options = {
    args: ["lesson_10", "--text", "own.txt", "--quick"],
    files: [["./own.txt", new TextEncoder().encode("anna\nhanna\njohanna\n".repeat(9))]],
    write: (fd, bytes) => { output += new TextDecoder().decode(bytes); },
  };
  assert.equal(await new WasiProgram(bytesOf("lesson_10"), options).run(), 0, output);
  assert.match(output, /num docs: 27/);
});

test("a file that is no program is refused", async () => {
  const damaged = bytesOf("wasm_words").subarray(0, 5000);
  for (const bytes of [new Uint8Array(), new Uint8Array([0, 1, 2, 3, 4, 5, 6, 7, 8]), damaged])
    await assert.rejects(new WasiProgram(bytes, { write() {} }).run(), WebAssembly.CompileError);
});

test("paths and patterns are translated", () => {
  assert.equal(WasiProgram.plain("/a/b"), "a/b");
  assert.equal(WasiProgram.plain("././a"), "a");
  assert.equal(WasiProgram.plain("../a"), "../a");
  const expression = WasiProgram.toRegExp("\\s+(?!\\S)|[^\\s\\p{L}]");
  expression.lastIndex = 0;
  assert.equal(expression.exec(" \u0085 x")[0], " \u0085"); // NEL is a space, for PCRE2
  expression.lastIndex = 0;
  assert.equal(expression.exec("\ufeff")[0], "\ufeff"); // and this is none
});

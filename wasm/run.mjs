// node run.mjs PROGRAM.wasm [ARGUMENTS...]: runs a program as a page does. WASM_FILES=a,b gives it
// these files, under their paths. PROGRAM may be compressed by gzip.
import fs from "node:fs";
import path from "node:path";
import vm from "node:vm";
import zlib from "node:zlib";

const source = fs.readFileSync(new URL("./wasi.js", import.meta.url), "utf8");
const WasiProgram = vm.runInThisContext(`${source}\nWasiProgram`);

const [program, ...args] = process.argv.slice(2);
const content = fs.readFileSync(program);
const bytes = content[0] === 0x1f ? zlib.gunzipSync(content) : content;
const names = (process.env.WASM_FILES ?? "").split(",").filter(Boolean);
const options = {
  args: [path.basename(program), ...args],
  env: { LANG: "C.UTF-8" },
  files: names.map((name) => [name, fs.readFileSync(name)]),
  write: (fd, written) => fs.writeSync(fd, written),
};
try {
  process.exitCode = await new WasiProgram(new Uint8Array(bytes), options).run();
} catch (error) {
  console.error(`${path.basename(program)}: ${error}`);
  process.exitCode = 134;
}

// Runs the programs of the build, natively and with the host of wasm/. run_tests.sh sets
// WASM_PROGRAMS, the folder with NAME.wasm.gz, and NATIVE_PROGRAMS, folders with the native ones.
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const wasmFolder = process.env.WASM_PROGRAMS;
const nativeFolders = (process.env.NATIVE_PROGRAMS ?? "").split(":").filter(Boolean);
const host = fileURLToPath(new URL("../../wasm/run.mjs", import.meta.url));

export function wasmFile(name) {
  return path.join(wasmFolder, `${name}.wasm.gz`);
}

export function allPrograms() {
  return fs.readdirSync(wasmFolder).filter((file) => file.endsWith(".wasm.gz"))
    .map((file) => file.slice(0, -".wasm.gz".length)).sort();
}

function start(program, args, env) {
  const options = { env: { ...process.env, ...env }, maxBuffer: 1 << 28, timeout: 300_000 };
  return new Promise((resolve) => {
    const child = execFile(program, args, options, (error, output, message) => {
      resolve({ status: error ? error.code ?? error.signal : 0, output, message });
    });
    child.stdin.end();
  });
}

/// {status, output, message} of a program in WebAssembly.
export function runWasm(name, args = [], env = {}) {
  return start(process.execPath, [host, wasmFile(name), ...args], env);
}

/// The same of the native one, with the code for any processor and one thread.
export function runNative(name, args = []) {
  const found = nativeFolders.map((folder) => path.join(folder, name)).find(fs.existsSync);
  if (!found) throw new Error(`${name} is in none of ${nativeFolders.join(", ")}`);
  return start(found, args, { GRADUS_CPU: "portable", OMP_NUM_THREADS: "1", LANG: "C.UTF-8" });
}

// Runs the program that is in the page: page.run(argv). The program is the one that made the
// report, compiled to WebAssembly (wasm/README.md), gzipped, in base64. Every run has a worker and
// an instance of its own, so the page can be used meanwhile and no run leaves anything behind.
//
//   page.run(argv, {files, seconds})
//       Starts the program with --json, the report's own `arguments` and argv, and resolves to the
//       new report. Rejects with the message of the program, if it refuses argv,
//       or with a sentence, if it fails otherwise, takes longer than `seconds` (120), or is
//       stopped. `files` is a list of [name, text] that the program can read. A new run stops the
//       one before.
//   page.stop()
//       Stops the run.

/// Called by startPage(): a page without a program cannot run it.
function installRunner(page) {
  const text = document.getElementById("program")?.textContent;
  if (!text) return;
  let program = null; // a Promise of its bytes, unpacked when they are first needed
  page.canRun = true;
  page.stop = () => {};
  page.run = async (argv, { files = [], seconds = 120 } = {}) => {
    page.stop();
    program ??= unpackProgram(text);
    const { id, arguments: always = [] } = page.report;
    const args = [id || "program", "--json", ...always, ...argv.map(String)];
    const run = startRun(program, args, files, seconds);
    page.stop = run.stop;
    return reportOf(await run.result);
  };
}

async function unpackProgram(base64) {
  const packed = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/// A run in a worker: {result, stop}. The result is a Promise of {status, output, message}.
function startRun(program, args, files, seconds) {
  let stop;
  const result = new Promise((resolve, reject) => {
    const source = `"use strict";\n${WasiProgram}\n(${workerOfRun})();`;
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const worker = new Worker(url);
    const end = (settle, value) => {
      clearTimeout(timer);
      worker.terminate();
      URL.revokeObjectURL(url);
      settle(value);
    };
    const fail = (sentence) => end(reject, new Error(sentence));
    const timer = setTimeout(() => {
      fail(`The program was stopped: it took longer than ${seconds} seconds in this page.`);
    }, seconds * 1000);
    stop = () => fail("The program was stopped.");
    worker.onmessage = ({ data }) => end(resolve, data);
    worker.onerror = () => fail("This browser does not let a page start a worker.");
    const send = (bytes) => worker.postMessage({ bytes, args, files });
    program.then(send, () => fail("The program in this page is damaged and cannot be unpacked."));
  });
  return { result, stop };
}

/// What the worker does; its text goes there, so it calls nothing of this page but WasiProgram.
function workerOfRun() {
  onmessage = async ({ data: { bytes, args, files } }) => {
    const written = { 1: [], 2: [] };
    const textOf = (fd) => new Blob(written[fd]).text();
    const encoder = new TextEncoder();
    const program = new WasiProgram(bytes, {
      args,
      env: { LANG: "C.UTF-8" },
      files: files.map(([name, text]) => [name, encoder.encode(text)]),
      write: (fd, part) => written[fd].push(part),
    });
    let status = null;
    let problem = "";
    try {
      status = await program.run();
    } catch (error) {
      problem = `${error.name}: ${error.message}`;
    }
    postMessage({ status, problem, output: await textOf(1), message: await textOf(2) });
  };
}

/// The report that the program printed, also if a check in it failed (then the status is not 0).
/// Throws an error with a sentence if there is none.
function reportOf({ status, problem, output, message }) {
  if (status === null) throw new Error(sentenceAbout(problem) + message.trim());
  const isReport = output.startsWith("{");
  if (!isReport && status !== 0)
    throw new Error(message.trim() || `The program failed with status ${status}.`);
  try {
    return JSON.parse(output);
  } catch {
    throw new Error("The program printed something else than a report.");
  }
}

/// A trap in words: what the engines of browsers throw, and what it means.
function sentenceAbout(problem) {
  const known = [
    [/call stack|recursion/i, "The program's functions called each other too deeply. "],
    [/out of bounds|outside/i,
      "The program used memory that it does not have, or its functions called each other too "
      + "deeply. "],
    [/unreachable/i, "The program ended itself. "],
    [/memory/i, "There is not enough memory for the program. "],
    [/CompileError|LinkError/, "This browser cannot run the program. "],
  ];
  const found = known.find(([pattern]) => pattern.test(problem));
  return found ? found[1] : `The program failed (${problem}). `;
}

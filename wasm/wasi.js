// Runs a WebAssembly program: the calls of WASI (snapshot preview 1) that programs of wasi-libc
// make. The same file serves the page, whose worker gets this class as text, and Node (run.mjs).
//
//   arguments, environment   as given
//   stdout, stderr           go to write(fd, bytes); stdin is empty
//   files                    those given, and those in the program itself: its custom sections
//                            "file:PATH" (wasm/CMakeLists.txt adds them). All are read-only.
//   clock, random bytes      those of the host
//   gradus.match             regular expressions, for wasm/runtime/pcre2.cpp
//
// Every other call answers "not supported". A program of one instance runs once.
class WasiProgram {
  /// bytes: of the .wasm file; files: a Map or list of [path, Uint8Array].
  constructor(bytes, { args = [], env = {}, files = [], write }) {
    this.bytes = bytes;
    this.strings = {
      args: args.map(WasiProgram.withZero),
      env: Object.entries(env).map(([name, value]) => WasiProgram.withZero(`${name}=${value}`)),
    };
    this.files = new Map(WasiProgram.filesInside(bytes));
    for (const [path, content] of files) this.files.set(WasiProgram.plain(path), content);
    this.write = write;
    this.open = new Map(); // file descriptor -> { content, at }
    this.nextFile = 4;
    this.patterns = new Map(); // the source of a pattern -> RegExp
  }

  /// The exit status of main. Rejects with what the engine throws if the program traps.
  async run() {
    const module = await WebAssembly.compile(this.bytes);
    const imports = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      imports[from] ??= {};
      // Of the calls for paths, those that are not here would change a file.
      const other = name.startsWith("path_") ? this.read_only : this.not_supported;
      imports[from][name] = (this[name] ?? other).bind(this);
    }
    const instance = await WebAssembly.instantiate(module, imports);
    this.memory = instance.exports.memory;
    try {
      instance.exports._start();
      return 0;
    } catch (error) {
      if (error instanceof WasiProgram.Exit) return error.status;
      throw error;
    }
  }

  static Exit = class { // thrown by exit(), caught by run()
    constructor(status) {
      this.status = status;
    }
  };
  static ANSWER = { OK: 0, BADF: 8, INVAL: 28, NOENT: 44, NOTSUP: 58, ROFS: 69, SPIPE: 70 };
  static KIND = { DEVICE: 2, FOLDER: 3, FILE: 4 };
  static ROOT = 3; // the descriptor of the folder that has all files

  static withZero(text) {
    return new TextEncoder().encode(text + "\0");
  }

  /// A path without "/" or "./" at its start.
  static plain(path) {
    return path.replace(/^(\.?\/)+/, "");
  }

  /// [path, content] of the custom sections "file:PATH". A section has one byte for its kind, its
  /// size, and if it is a custom one its name; numbers are LEB128, seven bits in a byte.
  static filesInside(bytes) {
    const files = [];
    let at = 8;
    const number = () => {
      let value = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[at++];
        value += (byte & 0x7f) * 2 ** shift;
        if (!(byte >= 0x80)) return value; // also at the end of a damaged file
      }
    };
    while (at < bytes.length) {
      const isCustom = bytes[at++] === 0;
      const size = number();
      const end = at + size;
      if (isCustom) {
        const length = number();
        const name = new TextDecoder().decode(bytes.subarray(at, at + length));
        const content = bytes.subarray(at + length, end);
        if (name.startsWith("file:")) files.push([WasiProgram.plain(name.slice(5)), content]);
      }
      at = end;
    }
    return files;
  }

  // The program's memory. A view is made for every access, because the memory can grow.

  view() {
    return new DataView(this.memory.buffer);
  }
  part(at, length) {
    return new Uint8Array(this.memory.buffer, at, length);
  }
  setSize(at, value) {
    this.view().setUint32(at, value, true);
    return WasiProgram.ANSWER.OK;
  }
  setLong(at, value) {
    this.view().setBigUint64(at, BigInt(value), true);
    return WasiProgram.ANSWER.OK;
  }
  path(at, length) {
    return WasiProgram.plain(new TextDecoder().decode(this.part(at, length)));
  }

  /// Calls f(address, length) for the buffers until one is not filled; the sum of its results.
  buffers(list, count, f) {
    let sum = 0;
    for (let i = 0; i < count; ++i) {
      const length = this.view().getUint32(list + 8 * i + 4, true);
      const done = f(this.view().getUint32(list + 8 * i, true), length);
      sum += done;
      if (done < length) break;
    }
    return sum;
  }

  isFolder(path) {
    const all = [...this.files.keys()];
    return path === "" || path === "." || all.some((file) => file.startsWith(path + "/"));
  }

  // The calls of WASI, by their names.

  not_supported() {
    return WasiProgram.ANSWER.NOTSUP;
  }

  args_sizes_get(count, size) {
    return this.sizes("args", count, size);
  }
  args_get(list, at) {
    return this.get("args", list, at);
  }
  environ_sizes_get(count, size) {
    return this.sizes("env", count, size);
  }
  environ_get(list, at) {
    return this.get("env", list, at);
  }
  sizes(kind, count, size) {
    this.setSize(count, this.strings[kind].length);
    return this.setSize(size, this.strings[kind].reduce((sum, text) => sum + text.length, 0));
  }
  get(kind, list, at) {
    for (const text of this.strings[kind]) {
      this.setSize(list, at);
      this.part(at, text.length).set(text);
      list += 4;
      at += text.length;
    }
    return WasiProgram.ANSWER.OK;
  }

  clock_time_get(clock, precision, at) {
    const milliseconds = clock === 0 ? Date.now() : performance.now();
    return this.setLong(at, Math.round(milliseconds * 1e6));
  }
  clock_res_get(clock, at) {
    return this.setLong(at, 1000);
  }
  random_get(at, length) {
    crypto.getRandomValues(this.part(at, length));
    return WasiProgram.ANSWER.OK;
  }
  sched_yield() {
    return WasiProgram.ANSWER.OK;
  }
  proc_exit(status) {
    throw new WasiProgram.Exit(status);
  }

  fd_write(fd, list, count, written) {
    if (fd !== 1 && fd !== 2) return WasiProgram.ANSWER.BADF;
    return this.setSize(written, this.buffers(list, count, (at, length) => {
      if (length > 0) this.write(fd, this.part(at, length).slice());
      return length;
    }));
  }
  fd_read(fd, list, count, read) {
    const file = this.open.get(fd);
    if (fd === 0) return this.setSize(read, 0);
    if (!file) return WasiProgram.ANSWER.BADF;
    return this.setSize(read, this.buffers(list, count, (at, length) => {
      const bytes = file.content.subarray(file.at, file.at + length);
      this.part(at, bytes.length).set(bytes);
      file.at += bytes.length;
      return bytes.length;
    }));
  }
  fd_seek(fd, offset, from, result) {
    const file = this.open.get(fd);
    if (!file) return fd < 3 ? WasiProgram.ANSWER.SPIPE : WasiProgram.ANSWER.BADF;
    const at = [0, file.at, file.content.length][from] + Number(offset);
    if (!(at >= 0)) return WasiProgram.ANSWER.INVAL;
    file.at = at;
    return this.setLong(result, at);
  }
  fd_close(fd) {
    return this.open.delete(fd) ? WasiProgram.ANSWER.OK : WasiProgram.ANSWER.BADF;
  }

  /// stdout and stderr are pipes for isatty(): they have the right to tell their position.
  fd_fdstat_get(fd, at) {
    if (fd > WasiProgram.ROOT && !this.open.has(fd)) return WasiProgram.ANSWER.BADF;
    const { DEVICE, FOLDER, FILE } = WasiProgram.KIND;
    this.part(at, 24).fill(0);
    this.view().setUint8(at, [DEVICE, DEVICE, DEVICE, FOLDER][fd] ?? FILE);
    const everything = 0x1fffffffn;
    this.setLong(at + 8, everything);
    return this.setLong(at + 16, everything);
  }
  fd_fdstat_set_flags() {
    return WasiProgram.ANSWER.OK;
  }
  fd_filestat_get(fd, at) {
    const file = this.open.get(fd);
    if (file) return this.stat(at, WasiProgram.KIND.FILE, file.content.length);
    return this.stat(at, WasiProgram.KIND.DEVICE, 0);
  }
  stat(at, kind, size) {
    this.part(at, 64).fill(0);
    this.view().setUint8(at + 16, kind);
    return this.setLong(at + 32, size);
  }

  fd_prestat_get(fd, at) {
    if (fd !== WasiProgram.ROOT) return WasiProgram.ANSWER.BADF;
    this.setSize(at, 0);
    return this.setSize(at + 4, 1);
  }
  fd_prestat_dir_name(fd, at) {
    this.part(at, 1)[0] = "/".charCodeAt(0);
    return WasiProgram.ANSWER.OK;
  }
  path_filestat_get(folder, flags, at, length, result) {
    const path = this.path(at, length);
    const content = this.files.get(path);
    if (content) return this.stat(result, WasiProgram.KIND.FILE, content.length);
    if (this.isFolder(path)) return this.stat(result, WasiProgram.KIND.FOLDER, 0);
    return WasiProgram.ANSWER.NOENT;
  }
  path_open(folder, look, at, length, how, rights, inherited, flags, result) {
    const [create, truncate] = [1, 8];
    const content = this.files.get(this.path(at, length));
    if (how & (create | truncate)) return this.read_only();
    if (!content) return WasiProgram.ANSWER.NOENT;
    this.open.set(this.nextFile, { content, at: 0 });
    return this.setSize(result, this.nextFile++);
  }
  read_only() {
    return WasiProgram.ANSWER.ROFS;
  }

  /// The bytes of the match at the start of the text, or -1. It looks at the first bytes only, and
  /// at more as long as a match comes near their end: there the rest could change it.
  match(pattern, patternLength, text, length) {
    const source = new TextDecoder().decode(this.part(pattern, patternLength));
    if (!this.patterns.has(source)) this.patterns.set(source, WasiProgram.toRegExp(source));
    const expression = this.patterns.get(source);
    for (let seen = 64; ; seen *= 8) {
      const bytes = this.part(text, Math.min(seen, length));
      const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
      const start = decoder.decode(bytes, { stream: true }); // without half a character at its end
      expression.lastIndex = 0;
      const found = expression.exec(start);
      const isSure = seen >= length || (found && found[0].length + 8 < start.length);
      if (isSure) return found ? new TextEncoder().encode(found[0]).length : -1;
    }
  }

  /// A pattern of PCRE2 with PCRE2_UCP: \s and \S are translated, all else must mean the same in
  /// JavaScript.
  static toRegExp(pattern) {
    const space = "\\p{Z}\\t-\\r\\x85\\u180e"; // JavaScript's \s has other characters
    let inClass = false;
    const translated = pattern.replace(/\\.|\[|\]/g, (token) => {
      if (token === "[" || token === "]") inClass = token === "[";
      if (token === "\\s") return inClass ? space : `[${space}]`;
      return token === "\\S" && !inClass ? `[^${space}]` : token;
    });
    return new RegExp(translated, "uy");
  }
}

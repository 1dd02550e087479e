// play_memory: the page "One memory, many tensors".
//   play_memory --page memory.html [--code "x.t()"] [--wasm play_memory.wasm]
//   play_memory --json --code "x.t()"
#include "page/play/memory/memory.h"

#include "page/play/kit/program.h"

int main(int argc, char** argv) {
  namespace page = gradus::page;
  return page::play(
      argc, argv, {{"--code", page::memory_examples().at(0).code}},
      [](const page::Flags& flags) { return page::memory_report(flags.at("--code")); });
}

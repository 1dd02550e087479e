// play_matmul: the page "From three loops to the machine's limit".
//   play_matmul --page matmul.html [--measure 512] [--wasm play_matmul.wasm]
//   play_matmul --json --measure 256 --traces no
// --measure 0 measures nothing.
#include "page/play/matmul/matmul.h"

#include "page/play/kit/program.h"

int main(int argc, char** argv) {
  namespace page = gradus::page;
  return page::play(argc, argv, {{"--measure", "512"}, {"--traces", "yes"}},
                    [](const page::Flags& flags) {
                      std::optional<page::Measured> measured;
                      const int64_t n = page::integer_flag(flags, "--measure", 0, 2048);
                      if (n > 0) measured = page::measure(n, 0.3);
                      return page::matmul_report(measured, flags.at("--traces") == "yes");
                    });
}

// play_backward: the page "Play it backward".
//   play_backward --page backward.html [--code "x.exp().sum()"] [--wasm play_backward.wasm]
//   play_backward --json --code "x.exp().sum()" [--broken 1.0.factor2] [--examples no]
#include "page/play/backward/backward.h"

#include "page/play/kit/program.h"

int main(int argc, char** argv) {
  namespace page = gradus::page;
  return page::play(
      argc, argv,
      {{"--code", page::backward_examples().at(0).code}, {"--broken", ""}, {"--examples", "yes"}},
      [](const page::Flags& flags) {
        return page::backward_report(flags.at("--code"), flags.at("--broken"),
                                     flags.at("--examples") == "yes");
      });
}

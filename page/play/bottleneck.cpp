// play_bottleneck: an encoder with one vector, Bahdanau's and Luong's attention and a Transformer
// repeat digits.
//
//   play_bottleneck --save trained.json --page bottleneck.html   trains, for about a minute
//   play_bottleneck --trained trained.json --digits 2718 --json
#include "page/play/bottleneck/report.h"
#include "page/play/bottleneck/writing.h"
#include "page/play/kit/program.h"
#include "tensor/file_io.h"

namespace {

using namespace gradus;
using page::bottleneck::Trained;

std::string content_of(const std::string& path) {
  InputFile file("play_bottleneck", path);
  std::string text(static_cast<size_t>(file.left()), ' ');
  file.read(text.data(), file.left());
  return text;
}

Trained trained_by(const page::Flags& flags) {
  const std::string& path = flags.at("--trained");
  if (!path.empty()) return page::bottleneck::trained_from_json(content_of(path), path);
  const Trained trained =
      page::bottleneck::train_models({.steps = page::integer_flag(flags, "--steps", 0, 100'000),
                                      .seeds = page::integer_flag(flags, "--seeds", 1, 100)});
  // The page and later runs compute with the parameters of the file, which are rounded.
  const std::string text = to_json(trained).dump();
  if (!flags.at("--save").empty()) {
    OutputFile out("play_bottleneck", flags.at("--save"));
    out.write(text.data(), std::ssize(text));
    out.finish();
  }
  return page::bottleneck::trained_from_json(text, "the training");
}

}  // namespace

int main(int argc, char** argv) {
  const page::bottleneck::TrainingOptions usual;
  const page::Flags defaults = {{"--digits", "314159265358"},
                                {"--trained", ""},
                                {"--save", ""},
                                {"--steps", std::to_string(usual.steps)},
                                {"--seeds", std::to_string(usual.seeds)}};
  return page::play(argc, argv, defaults, [](const page::Flags& flags) {
    const std::string& digits = flags.at("--digits");
    page::bottleneck::digits_of(digits);  // a mistake is said before the training
    return page::bottleneck::report_of(trained_by(flags), digits);
  });
}

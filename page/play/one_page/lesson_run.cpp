// This file compiles lessons/10_gpt_on_one_page.cpp a second time, without any change. In place of
// a Lesson, which prints, the program gets a Recorder: it sees the model, every training step and
// the result. So the page cannot differ from the lesson.
#include "page/play/one_page/lesson_run.h"

#include <algorithm>

#include "gradus.h"
#include "lessons/kit/python_random.h"
#include "lessons/one_page/explanation.h"
#include "text/char_tokenizer.h"

namespace gradus::lessons {
namespace {

using page::one_page::LessonRun;
using page::one_page::RunOptions;
using page::one_page::Snapshot;

/// Has the functions of Lesson that lesson 10 calls.
class Recorder {
 public:
  explicit Recorder(const RunOptions& options)
      : options_(options),
        letters_(fmt::format("{}", fmt::join(options.words, ""))),
        ids_(letters_.encode(options.shown)) {
    check(!ids_.empty(), "the word to look into is empty, expected at least one letter");
    ids_.insert(ids_.begin(), letters_.vocab_size());  // BOS
    for (int64_t id = 0; id < letters_.vocab_size(); ++id)
      run.letters.push_back(letters_.decode({&id, 1}));
    run.letters.emplace_back("BOS");
    run.loss_of_letters = loss_of_letter_counts(options.words, letters_);
    run.loss_of_pairs = loss_of_pair_counts(options.words, letters_);
  }

  uint64_t seed(uint64_t) const { return static_cast<uint64_t>(options_.seed); }
  const Words& words() const { return options_.words; }
  /// Gets what lesson 10 prints: numbers, names, and in place of the number of parameters the
  /// model.
  template <class... Args>
  void line(std::string_view, const Args&... args) {
    (see(args), ...);
  }
  void redrawn(std::string_view, int64_t step, int64_t, double loss) {
    run.losses.push_back(loss);
    take_snapshot(step);
  }
  void check_length(int64_t context_length) const {
    check(std::ssize(ids_) <= context_length,
          "'{}' has {} letters, expected at most {}: the model sees {} tokens, and one of them is "
          "the beginning of the word",
          options_.shown, ids_.size() - 1, context_length - 1, context_length);
  }

  LessonRun run;

 private:
  template <class T>
  void see(const T& what) {
    if constexpr (std::derived_from<T, nn::Module>) {
      logits_ = [what](const Tensor& ids) { return what(ids); };
      parameters_ = what.named_parameters();
      take_snapshot(0);
    }
  }

  void take_snapshot(int64_t step) {
    const std::vector<int64_t>& steps = options_.steps;
    if (std::find(steps.begin(), steps.end(), step) == steps.end()) return;
    Snapshot snapshot{.step = step, .ids = tensor(ids_), .parameters = parameters_};
    const autograd::OpLog log;
    const Tensor next = cat({snapshot.ids.slice(0, 1), snapshot.ids.slice(0, 0, 1)});
    cross_entropy(logits_(snapshot.ids), next);
    snapshot.ops = log.entries();
    options_.take(snapshot);
  }

  const RunOptions& options_;
  const text::CharTokenizer letters_;
  std::vector<int64_t> ids_;  // BOS and the letters of the shown word
  std::function<Tensor(const Tensor& ids)> logits_;
  NamedTensors parameters_;
};

// Lesson 10 calls these with the recorder.

Names names_of(const Recorder& recorder) { return {.source = {}, .words = recorder.words()}; }

void introduce(const Recorder& recorder, const Names&, int64_t context_length) {
  recorder.check_length(context_length);
}

template <std::derived_from<nn::Module> Model>
const Model& parameter_count(const Model& model) {
  return model;
}

void explain(Recorder& recorder, const Run& run, const text::CharTokenizer&, const Tensor&,
             const Added&) {
  recorder.run.made_up = run.made_up;
}

int run_lesson(int, char**, const About&, void (*)(Recorder&)) { return 0; }

}  // namespace
}  // namespace gradus::lessons

#define Lesson Recorder
#define main main_of_lesson_10
#include "lessons/10_gpt_on_one_page.cpp"  // NOLINT(bugprone-suspicious-include)
#undef main
#undef Lesson

namespace gradus::page::one_page {

LessonRun run_lesson_10(const RunOptions& options) {
  Recorder recorder(options);
  gpt_on_one_page(recorder);
  return std::move(recorder.run);
}

}  // namespace gradus::page::one_page

// What every lesson program uses to talk to its reader: text, tensors laid out as PyTorch prints
// them, pictures, questions, and after each step whether the numbers are the book's.
#pragma once
#include <fmt/format.h>

#include <iosfwd>
#include <string>
#include <vector>

#include "lessons/kit/arguments.h"
#include "lessons/kit/labels.h"
#include "lessons/kit/progress_bar.h"

namespace gradus::lessons {

class Lesson {
 public:
  Lesson(const About& about, const Arguments& arguments, std::istream& in, std::ostream& out);

  // the example
  /// The book's six words, or those of --text.
  const Words& words() const { return words_; }
  /// The book's vectors, one row for each of its words; with --text one row for each of its words,
  /// new ones at random.
  Tensor vectors(const Tensor& book) const;
  /// The row that the lesson looks at: 1, or what --query says.
  int64_t query() const { return query_; }
  /// The book's seed, or that of --seed.
  uint64_t seed(uint64_t book) const;
  /// "", or "_mkl" with --dropout=mkl: how the names of numbers end that depend on the dropout
  /// mask.
  std::string mask_suffix() const { return arguments_.mkl_dropout ? "_mkl" : ""; }
  /// --text and --pairs as they were given.
  const std::optional<std::string>& text() const { return arguments_.text; }
  const std::optional<std::string>& pairs() const { return arguments_.pairs; }
  /// With --quick: whatever takes long is to be cut short, and then claims about what was learned
  /// are not checked.
  bool quick() const { return arguments_.quick; }
  /// Whether this is the book's example, so that its numbers can be expected.
  bool by_the_book() const { return exchanged_.empty(); }

  // text
  /// Ends the step before with its check, and begins one under the book's section.
  void step(const std::string& section, const std::string& heading);
  /// A paragraph.
  template <class... Args>
  void say(fmt::format_string<const Args&...> text, const Args&... args) {
    paragraph(fmt::vformat(text, fmt::make_format_args(args...)));
  }
  /// A paragraph about the book's numbers, left out when they were exchanged.
  template <class... Args>
  void say_of_the_book(fmt::format_string<const Args&...> text, const Args&... args) {
    if (by_the_book()) paragraph(fmt::vformat(text, fmt::make_format_args(args...)));
  }
  /// A misunderstanding that many have, and the answer.
  void often_asked(const std::string& question, const std::string& answer);
  /// Lines as they are.
  void lines(const std::string& text);
  void try_next(const std::vector<std::string>& ideas);

  // numbers
  /// Prints the tensor and holds it against the book's tensor of this name, within 2e-6. A name
  /// that the lesson's own numbers do not have is one of the usual mistakes (11_pitfalls).
  void show(const std::string& name, const Tensor& x, const Labels& labels = {});
  /// Prints a tensor that the book does not give.
  void print(const std::string& name, const Tensor& x, const Labels& labels = {});
  /// "what: yes", if a and b are the same within `tolerance`; else "no", and the lesson fails.
  void equal(const std::string& what, const Tensor& a, const Tensor& b, double tolerance = 2e-6);
  void equal(const std::string& what, int64_t a, int64_t b);
  /// "what: yes (detail)", if it holds; else "no", and the lesson fails.
  void holds(const std::string& what, bool ok, const std::string& detail = "");

  // pictures
  /// A matrix of weights (rows, columns); `high` has the brightest colour.
  void heatmap(const std::string& title, const Tensor& weights, const Words& rows,
               const Words& columns, double high = 1);
  void bars(const Words& labels, const Tensor& values);
  const terminal::Canvas& canvas() const { return arguments_.canvas; }
  /// Where long work shows how far it is.
  ProgressBar::Output progress();

  // questions
  /// With --step: asks, waits for a guess and answers it. The options are numbered from 1, `answer`
  /// counts from 0.
  void ask(const std::string& question, const Words& options, int64_t answer);

  /// Ends the last step; the exit status.
  int finish();

  /// Thrown when the reader leaves: q, the end of the input, or Ctrl-C in the middle of long work.
  struct Leave {
    int status = 0;
  };

 private:
  void begin();
  void end_step();
  std::ostream& page();  // to write to, with the empty line that is due after a line of checks
  void note_check(bool ok, std::optional<double> difference, const std::string& wrong);
  void note_equal(bool ok, std::optional<double> difference, const std::string& what,
                  const std::string& detail, const std::string& wrong);
  void paragraph(const std::string& text);
  void check_line(bool ok, const std::string& what, const std::string& detail);
  std::string read_line();
  bool quiet() const { return arguments_.quiet; }

  const About& about_;
  const Arguments& arguments_;
  std::istream& in_;
  std::ostream& out_;
  Words words_;
  int64_t query_ = 1;
  std::string exchanged_;
  std::string section_;
  int checks_ = 0, steps_ = 0, steps_checked_ = 0, steps_wrong_ = 0, others_wrong_ = 0;
  std::optional<double> largest_difference_;
  bool unchecked_ = false, after_check_line_ = false;
  std::string first_wrong_;
};

/// The main() of a lesson: reads the arguments, runs the lesson, says what went wrong, and gives
/// the exit status.
int run_lesson(int argc, const char* const* argv, const About& about, void (*lesson)(Lesson&));

}  // namespace gradus::lessons

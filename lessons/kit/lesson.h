// The page of a lesson: text, tensors printed as PyTorch prints them, pictures, questions, and
// after each step a line that says whether the numbers are the book's.
#pragma once
#include <fmt/format.h>

#include <iosfwd>
#include <string>
#include <vector>

#include "lessons/kit/arguments.h"
#include "lessons/kit/labels.h"
#include "terminal/progress_bar.h"

namespace gradus::lessons {

using terminal::ProgressBar;

class Lesson {
 public:
  Lesson(const About& about, const Arguments& arguments, std::istream& in, std::ostream& out);

  // the example
  /// The book's six words, or those of --text.
  const Words& words() const { return words_; }
  /// One row for each word. `book` has the vectors of the book's words; other words of --text get
  /// random vectors.
  Tensor vectors(const Tensor& book) const;
  /// The row of the query: 1, or that of --query.
  int64_t query() const { return query_; }
  /// The book's seed, or that of --seed.
  uint64_t seed(uint64_t book) const;
  /// "", or "_mkl" with --dropout=mkl: the end of the golden names that depend on the dropout mask.
  std::string mask_suffix() const { return arguments_.mkl_dropout ? "_mkl" : ""; }
  /// The values of --text and --pairs.
  const std::optional<std::string>& text() const { return arguments_.text; }
  const std::optional<std::string>& pairs() const { return arguments_.pairs; }
  /// Whether --quick was given: long work is then cut short, and claims about the trained model are
  /// not checked.
  bool quick() const { return arguments_.quick; }
  /// Whether this is the book's example, so that its numbers are expected.
  bool by_the_book() const { return exchanged_.empty(); }

  // text
  /// Ends the previous step with its check, and begins a new one. `section` is the book's.
  void step(const std::string& section, const std::string& heading);
  /// A paragraph.
  template <class... Args>
  void say(fmt::format_string<const Args&...> text, const Args&... args) {
    paragraph(fmt::vformat(text, fmt::make_format_args(args...)));
  }
  /// A paragraph about the book's numbers. It is left out if the reader exchanged them.
  template <class... Args>
  void say_of_the_book(fmt::format_string<const Args&...> text, const Args&... args) {
    if (by_the_book()) paragraph(fmt::vformat(text, fmt::make_format_args(args...)));
  }
  /// A common misunderstanding, and the answer.
  void often_asked(const std::string& question, const std::string& answer);
  /// Prints lines unchanged.
  void lines(const std::string& text);
  /// Prints one line, without an empty line after it.
  template <class... Args>
  void line(fmt::format_string<const Args&...> text, const Args&... args) {
    raw(fmt::vformat(text, fmt::make_format_args(args...)) + "\n");
  }
  void try_next(const std::vector<std::string>& ideas);

  // numbers
  /// Prints the tensor and compares it with the book's tensor of this name, within 2e-6. A name
  /// that is not in the lesson's section is looked up among the usual mistakes (11_pitfalls).
  void show_from_book(const std::string& name, const Tensor& x, const Labels& labels = {});
  /// Prints a tensor that is not in the book.
  void print(const std::string& name, const Tensor& x, const Labels& labels = {});
  /// Prints "what: yes" if a and b are equal within `tolerance`, else "what: no"; then the lesson
  /// fails.
  void equal(const std::string& what, const Tensor& a, const Tensor& b, double tolerance = 2e-6);
  void equal(const std::string& what, int64_t a, int64_t b);
  /// Prints "what: yes (detail)" if ok, else "what: no"; then the lesson fails.
  void holds(const std::string& what, bool ok, const std::string& detail = "");

  // pictures
  /// A matrix of weights (rows, columns). The value `high` has the brightest colour.
  void heatmap(const std::string& title, const Tensor& weights, const Words& rows,
               const Words& columns, double high = 1);
  void bars(const Words& labels, const Tensor& values);
  const terminal::Canvas& canvas() const { return arguments_.canvas; }
  /// The output for a ProgressBar.
  ProgressBar::Output progress();

  // questions
  /// With --step: asks a question, waits for a guess and answers it. The reader sees options 1, 2,
  /// ...; `answer` is the index of the right one, from 0.
  void ask(const std::string& question, const Words& options, int64_t answer);

  /// Ends the last step. Returns the exit status.
  int finish();

  /// Thrown when the reader leaves: q, the end of the input, or Ctrl-C in the middle of long work.
  struct Leave {
    int status = 0;
  };

 private:
  void begin();
  void end_step();
  std::ostream& page();  // the output, after an empty line if the last line was a check
  void note_check(bool ok, std::optional<double> difference, const std::string& wrong);
  void note_equal(bool ok, std::optional<double> difference, const std::string& what,
                  const std::string& detail, const std::string& wrong);
  void paragraph(const std::string& text);
  void raw(const std::string& text);
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

/// The main() of a lesson: reads the arguments, runs the lesson and reports errors. Returns the
/// exit status.
int run_lesson(int argc, const char* const* argv, const About& about, void (*lesson)(Lesson&));

}  // namespace gradus::lessons

// The page of a lesson: text, code, tensors printed as PyTorch prints them, pictures, questions,
// and after each step a line that says whether the numbers are the book's.
//
// With --code the lines between two calls are printed before what they computed. Calls that only
// print are left out: a lesson needs no marks for this.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iosfwd>
#include <sstream>
#include <string>
#include <vector>

#include "lessons/kit/arguments.h"
#include "lessons/kit/bookmark.h"
#include "lessons/kit/labels.h"
#include "lessons/kit/lesson_page.h"
#include "lessons/kit/screen.h"
#include "lessons/kit/step_code.h"
#include "terminal/progress_bar.h"

namespace gradus::lessons {

using terminal::ProgressBar;

/// A number of things with separators: 2,360,064. For sentences; tables and tensors have none.
std::string grouped(int64_t n);

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
  /// The values of --text, --pairs and --examples.
  const std::optional<std::string>& text() const { return arguments_.text; }
  const std::optional<std::string>& pairs() const { return arguments_.pairs; }
  /// Whether --quick was given: long work is then cut short, and claims about the trained model are
  /// not checked.
  bool quick() const { return arguments_.quick; }
  const std::optional<std::string>& examples() const { return arguments_.examples; }
  /// Whether the lesson has this option, such as "text".
  bool has_option(const std::string& name) const;
  /// Whether --keep was given.
  bool keep() const { return arguments_.keep; }
  /// Whether the reader's place in the course is remembered: in a terminal, started by ./run.
  bool remembers() const;
  /// Whether this is the book's example, so that its numbers are expected.
  bool by_the_book() const { return exchanged_.empty(); }

  // text
  /// Ends the previous step with its check, and begins a new one. `section` is the book's.
  void step(const std::string& section, const std::string& heading, Here here = Here::current());
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
  void lines(const std::string& text, Here here = Here::current());
  /// Prints one line, directly below the line before.
  template <class... Args>
  void line(fmt::format_string<const Args&...> text, const Args&... args) {
    one_line(fmt::vformat(text, fmt::make_format_args(args...)));
  }
  /// The same; in a terminal the next line of this kind replaces it.
  template <class... Args>
  void redrawn(fmt::format_string<const Args&...> text, const Args&... args) {
    one_redrawn(fmt::vformat(text, fmt::make_format_args(args...)));
  }
  /// Prints the definition of a function or type of another file, such as "nn/gelu.h", "forward",
  /// or of this lesson. Throws if there is none, also where the code is not printed.
  void code(const std::string& file, const std::string& name);
  void code(const std::string& name, Here here = Here::current());
  void try_next(const std::vector<std::string>& ideas, Here here = Here::current());

  // numbers
  /// Prints the tensor and compares it with the golden tensor of this name, within 2e-6: the
  /// book's, or PyTorch's if the book does not have it. A name that is not in the lesson's section
  /// is looked up among the usual mistakes (11_pitfalls). The name that is printed is that of the
  /// labels, or the part after the last slash.
  void show_from_book(const std::string& name, const Tensor& x, const Labels& labels = {},
                      Here here = Here::current());
  /// The same for a tensor that is printed with --all only.
  void detail(const std::string& name, const Tensor& x, const Labels& labels = {},
              Here here = Here::current());
  /// Prints a tensor that is not in the book.
  void print(const std::string& name, const Tensor& x, const Labels& labels = {},
             Here here = Here::current());
  /// Prints "what: yes" if a and b are equal within `tolerance`, else "what: no"; then the lesson
  /// fails.
  void equal(const std::string& what, const Tensor& a, const Tensor& b, double tolerance = 2e-6,
             Here here = Here::current());
  void equal(const std::string& what, int64_t a, int64_t b, Here here = Here::current());
  /// Prints "what: yes (detail)" if ok, else "what: no"; then the lesson fails.
  void holds(const std::string& what, bool ok, const std::string& detail = "",
             Here here = Here::current());

  /// Runs something that must throw an Error, and prints the message; else the lesson fails.
  void refused(const std::string& what, const std::function<void()>& call,
               Here here = Here::current());

  // pictures
  /// A matrix of weights (rows, columns). The value `high` has the brightest colour.
  void heatmap(const std::string& title, const Tensor& weights, const Words& rows,
               const Words& columns, double high = 1, Here here = Here::current());
  /// The same with axes of another kind.
  void heatmap(const terminal::Heatmap& map, Here here = Here::current());
  /// Where a translation comes from: weights (rows of `says`, columns of `looks_at`).
  void alignment(const std::string& title, const Tensor& weights, const Words& says,
                 const Words& looks_at, Here here = Here::current());
  /// On the page only: all stages of attention, to be clicked through. Several steps are forward
  /// passes at different times of a training.
  void attention(const std::string& title, const std::vector<page::AttentionStep>& steps,
                 const Words& queries, const Words& keys,
                 const page::AttentionOptions& options = {});
  void attention(const std::string& title, const nn::AttentionTrace& trace, const Words& words,
                 const std::string& note = "");
  /// The title of bars and curves is on the page only, where pictures are listed.
  void bars(const std::string& title, const Words& labels, const Tensor& values,
            Here here = Here::current());
  void plot(const std::string& title, const std::vector<double>& x,
            const std::vector<terminal::Curve>& curves, Here here = Here::current());
  /// The same for positive numbers, with a logarithmic scale; its title is on the screen, too.
  void log_plot(const std::string& title, const std::vector<double>& x,
                const std::vector<terminal::Curve>& curves, Here here = Here::current());
  /// The graph of y. The tensors that are named are numbers; they are drawn with their values, and
  /// with their gradients if they have some.
  void graph(const Tensor& y, const std::vector<std::pair<std::string, Tensor>>& named,
             Here here = Here::current());
  /// For panels that only the page has; null if no page is wanted.
  page::Report* report() { return page_.report(); }
  const terminal::Canvas& canvas() { return screen_.canvas(); }
  /// The width of paragraphs in this window: at most 80 columns.
  int text_width() { return std::min(80, canvas().width); }
  /// The output for a ProgressBar, which prints so many lines above itself.
  ProgressBar::Output progress(int lines_above = 0, Here here = Here::current());

  // questions
  /// With --step: asks a question, waits for a guess and answers it. The reader sees options 1, 2,
  /// ...; `answer` is the index of the right one, from 0.
  void ask(const std::string& question, const Words& options, int64_t answer);
  /// An option, and whether it is right: a condition that the lesson computes.
  struct Option {
    std::string text;
    bool is_right;
  };
  /// The same; the first option that is right is the answer. Throws if none is.
  void ask(const std::string& question, const std::vector<Option>& options);
  /// The same with numbers as options. The answer is computed by the lesson, and is one of them.
  void ask_number(const std::string& question, const std::vector<double>& options, double answer);

  /// Ends the last step. `to_the_end`: the reader did not leave before. Returns the exit status.
  int finish(bool to_the_end = true);

  using Leave = Screen::Leave;

 private:
  void begin();
  void show_goals();
  void tell_options();
  bool is_program(const Here& here) const;
  /// Whether the code of a step is shown, on the screen or on the page.
  bool shows_code() const { return arguments_.code || page_.wanted(); }
  std::string title_of_step(const std::string& section, const std::string& heading) const;
  void end_step();
  void print_result_of_checks();
  void show_code(const Excerpt& excerpt);
  void show_code_before(const Here& here);
  void print_titled(const std::string& title, const Tensor& x, const Labels& labels);
  void compare_with_book(const std::string& name, const Tensor& x);
  void note_check(bool ok, std::optional<double> difference, const std::string& wrong);
  void note_equal(bool ok, std::optional<double> difference, const std::string& what,
                  const std::string& detail, const std::string& wrong);
  void paragraph(const std::string& text);
  // Only on the screen.
  void show_paragraph(const std::string& text);
  void show_lines(const std::string& text);
  void one_line(const std::string& text);
  void one_redrawn(const std::string& text);
  std::string what_is_checked() const;
  void print_result_of_lesson();
  void print_exercises();
  void check_line(bool ok, const std::string& what, const std::string& detail,
                  bool even_if_quiet = true);
  bool quiet() const { return arguments_.quiet; }
  bool is_in_the_course() const;
  bool trains_too_little() const;
  /// Whether the current step is not shown: --quiet, or it comes before that of --from.
  bool silent() const { return quiet() || (steps_ > 0 && steps_ < arguments_.from); }

  const About& about_;
  const Arguments& arguments_;
  std::ostream& json_out_;
  std::ostringstream unseen_;  // what the screen would show with --json
  std::ostream& out_;
  LessonPage page_;
  Screen screen_;
  StepCode step_code_;
  Bookmark bookmark_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  Words words_;
  int64_t query_ = 1;
  std::string exchanged_;
  std::string section_;
  int steps_ = 0, checks_ = 0, others_wrong_ = 0;
  /// Steps that were compared with the book's numbers (or with what is expected), and steps that
  /// were compared with PyTorch's.
  struct Count {
    int checked = 0, wrong = 0;
  } book_steps_, pytorch_steps_;
  int details_ = 0;  // tensors of this step that are compared but not printed
  std::optional<double> largest_difference_;
  bool unchecked_ = false, from_book_ = false;  // of this step
  std::string first_wrong_;
};

/// The main() of a lesson: reads the arguments, runs the lesson and reports errors. Returns the
/// exit status.
int run_lesson(int argc, const char* const* argv, const About& about, void (*lesson)(Lesson&));

}  // namespace gradus::lessons

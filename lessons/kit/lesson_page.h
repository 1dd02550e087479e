// The page of a lesson, for --page and --json: everything that the screen shows, as a report
// (page/report.h). It is complete, also where the screen shows less (--quiet, --from, --no-code).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "lessons/kit/arguments.h"
#include "lessons/kit/labels.h"
#include "lessons/kit/source.h"
#include "page/report.h"

namespace gradus::lessons {

class LessonPage {
 public:
  /// Throws if the file of --page cannot be written: before the lesson trains for minutes.
  LessonPage(const About& about, const Arguments& arguments);

  /// Whether a page is wanted. If not, all functions do nothing.
  bool wanted() const { return report_.has_value(); }
  /// For the next panel; null if no page is wanted.
  page::Report* report();

  /// What the lesson teaches, and its question.
  void introduce(const About& about);
  void step(const std::string& title, const std::string& place);
  void paragraph(const std::string& text);
  void list(const std::string& heading, const std::vector<std::string>& items);
  void question(const std::string& question, const std::string& answer);
  /// A question with options, of which one is right.
  void question(const std::string& question, const Words& options, const std::string& answer);
  void check(bool ok, const std::string& text);
  void code(const Excerpt& excerpt);
  /// Lines of text. Those of one_line() that follow one another become one panel.
  void output(const std::string& text);
  void one_line(const std::string& text);
  /// A line that replaces the one before it, if that was of this kind.
  void redrawn(const std::string& text);
  void tensor(const std::string& name, const Tensor& x, const Labels& labels);

  void attention(const std::string& title, const std::vector<page::AttentionStep>& steps,
                 const Words& queries, const Words& keys, const page::AttentionOptions& options);

  // What a ProgressBar shows: the losses become a curve, which is drawn before the next panel.
  void training_step(const std::string& work, int64_t step, double loss);
  void training_line(const std::string& text);

  /// Ends the report. Writes the file of --page and returns its path, "" without --page. Throws
  /// Error.
  std::string write();
  /// The report of --json.
  std::string json();

 private:
  void end_lines();
  void finish();
  void end_training();

  std::optional<page::Report> report_;
  std::string file_, wasm_file_;
  // For the tour.
  std::string first_section_, attention_;  // titles
  bool learns_ = false;                    // whether the attention has several steps
  std::string lines_;                      // of one_line() and redrawn()
  size_t redrawn_from_ = 0;  // where the line begins that the next one of its kind replaces
  bool redrawing_ = false;
  struct Training {
    std::string work;
    std::vector<double> steps, losses;
    std::string lines;
  } training_;
};

}  // namespace gradus::lessons

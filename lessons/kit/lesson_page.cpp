#include "lessons/kit/lesson_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "tensor/file_io.h"

namespace gradus::lessons {
namespace {

constexpr size_t kMostPoints = 200;  // of a training curve; more steps are averaged

bool has(const About& about, const std::string& option) {
  return std::find(about.options.begin(), about.options.end(), option) != about.options.end();
}

/// The text with a capital letter, unless it begins with the name of a variable: "a = 2, ...".
std::string sentence(std::string text) {
  if (text.find(" = ") == 1) return text;
  text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text;
}

/// The options that a reader can change in the page. Files are left out: a page has none.
std::vector<page::Field> fields_of(const About& about, const Arguments& arguments) {
  const auto text_of = [](const auto& value) { return value ? fmt::format("{}", *value) : ""; };
  std::vector<page::Field> fields;
  if (has(about, "text") && about.own_text.find("file") == std::string::npos)
    fields.push_back({.flag = "--text",
                      .label = about.own_text.empty() ? "your own words, 2 to 12" : about.own_text,
                      .value = text_of(arguments.text)});
  if (has(about, "query"))
    fields.push_back({.flag = "--query",
                      .label = "the number of the query's word",
                      .kind = "number",
                      .value = text_of(arguments.query)});
  if (has(about, "seed"))
    fields.push_back({.flag = "--seed",
                      .label = "seed of the random numbers",
                      .kind = "number",
                      .value = text_of(arguments.seed)});
  if (has(about, "dropout"))
    fields.push_back({.flag = "--dropout",
                      .label = "dropout masks",
                      .kind = "choice",
                      .value = arguments.mkl_dropout ? "mkl" : "book",
                      .choices = {"book", "mkl"}});
  return fields;
}

/// The labels that fit to the size of a dimension. The lessons repeat the labels of rows for each
/// block of a batch; a table has them once.
Words fitting(const Words& labels, int64_t size) {
  return std::ssize(labels) == size ? labels : Words();
}

std::vector<double> means_of(const std::vector<double>& values, size_t together) {
  std::vector<double> means;
  for (size_t from = 0; from < values.size(); from += together) {
    const size_t count = std::min(together, values.size() - from);
    double sum = 0;
    for (size_t i = from; i < from + count; ++i)
      sum += values[i];
    means.push_back(sum / static_cast<double>(count));
  }
  return means;
}

}  // namespace

LessonPage::LessonPage(const About& about, const Arguments& arguments)
    : file_(arguments.page.value_or("")), wasm_file_(arguments.wasm) {
  if (!arguments.page && !arguments.json) return;
  if (arguments.page) {
    gradus::check(!file_.empty(), "--page: the name of the file is empty");
    const OutputFile can_be_written("--page", file_);
  }
  report_.emplace(page::Meta{.id = fmt::format("lesson_{:02}", about.number),
                             .title = fmt::format("Lesson {:02}: {}", about.number, about.title),
                             .lede = "The question: " + about.question});
  // In a page nobody waits for a training of minutes.
  const Words in_every_run = has(about, "quick") ? Words{"--quick"} : Words();
  const auto fields = fields_of(about, arguments);
  if (!fields.empty()) report_->run_box(fields, in_every_run);
}

page::Report* LessonPage::report() {
  if (!report_) return nullptr;
  end_lines();
  end_training();
  return &*report_;
}

void LessonPage::introduce(const About& about) {
  if (about.goals.empty()) return;
  list("After this lesson you can", about.goals);
}

void LessonPage::step(const std::string& title, const std::string& place) {
  if (auto* r = report()) r->section(title, place);
  if (first_section_.empty()) first_section_ = title;
}

void LessonPage::paragraph(const std::string& text) {
  if (auto* r = report()) r->paragraph(text);
}

void LessonPage::question(const std::string& question, const std::string& answer) {
  if (auto* r = report()) r->question(question, answer);
}

void LessonPage::question(const std::string& question, const Words& options,
                          const std::string& answer) {
  this->question(fmt::format("{} ({})", sentence(question), fmt::join(options, " / ")), answer);
}

void LessonPage::check(bool ok, const std::string& text) {
  if (auto* r = report()) r->check(ok, text);
}

void LessonPage::list(const std::string& heading, const std::vector<std::string>& items) {
  if (auto* r = report())
    r->panel("list", nlohmann::ordered_json{{"heading", heading}, {"items", items}}.dump());
}

void LessonPage::code(const Excerpt& excerpt) {
  page::Report* const r = excerpt.lines.empty() ? nullptr : report();
  if (r == nullptr) return;
  // An excerpt may leave out lines of the file.
  std::string source;
  int first = excerpt.lines.front().first;
  int last = first - 1;
  const auto show = [&] {
    if (!source.empty()) r->code(excerpt.file, first, source);
    source.clear();
  };
  for (const auto& [number, line] : excerpt.lines) {
    if (number != last + 1) {
      show();
      first = number;
    }
    source += line + "\n";
    last = number;
  }
  show();
}

void LessonPage::output(const std::string& text) {
  if (!report_) return;
  one_line(text);
  end_lines();
}

void LessonPage::one_line(const std::string& text) {
  if (!report_) return;
  end_training();
  redrawing_ = false;
  if (text.empty()) return end_lines();
  lines_ += text + (text.ends_with('\n') ? "" : "\n");
}

void LessonPage::redrawn(const std::string& text) {
  if (!report_) return;
  end_training();
  if (!redrawing_) redrawn_from_ = lines_.size();
  redrawing_ = true;
  lines_.resize(redrawn_from_);
  lines_ += text + "\n";
}

void LessonPage::end_lines() {
  redrawing_ = false;
  if (!lines_.empty()) report_->output(std::exchange(lines_, ""));
}

void LessonPage::tensor(const std::string& name, const Tensor& x, const Labels& labels) {
  auto* const r = report();
  if (r == nullptr) return;
  page::TableOptions options;
  if (x.dim() > 0) options.columns = fitting(labels.columns, x.size(-1));
  if (x.dim() > 1) options.rows = fitting(labels.rows, x.size(-2));
  if (x.dim() == 1 && options.columns.empty()) options.columns = fitting(labels.rows, x.size(-1));
  if (labels.marked >= 0 && labels.marked < std::ssize(options.rows))
    options.rows[static_cast<size_t>(labels.marked)] += " \u2190";
  r->tensor(name, x.detach(), options);
}

void LessonPage::training_step(const std::string& work, int64_t step, double loss) {
  if (!report_) return;
  end_lines();
  if (training_.work != work) end_training();
  training_.work = work;
  training_.steps.push_back(static_cast<double>(step));
  training_.losses.push_back(loss);
}

void LessonPage::training_line(const std::string& text) {
  if (!report_) return;
  end_lines();
  training_.lines += text + "\n";
}

void LessonPage::end_training() {
  const Training done = std::exchange(training_, {});
  if (!done.losses.empty()) {
    const size_t together = (done.losses.size() + kMostPoints - 1) / kMostPoints;
    const std::string name = together > 1 ? fmt::format("mean of {} steps", together) : "loss";
    report_->curve(fmt::format("{}: the loss while it learns", done.work),
                   means_of(done.steps, together), {{name, means_of(done.losses, together)}},
                   {.x_axis = "training step", .y_axis = "loss"});
  }
  if (!done.lines.empty()) report_->output(done.lines);
}

void LessonPage::attention(const std::string& title, const std::vector<page::AttentionStep>& steps,
                           const Words& queries, const Words& keys,
                           const page::AttentionOptions& options) {
  auto* const r = report();
  if (r == nullptr) return;
  r->attention(title, queries, keys, steps, options);
  if (!attention_.empty() && (learns_ || steps.size() == 1)) return;
  attention_ = title;
  learns_ = steps.size() > 1;
}

/// What is still open, and a tour of what the page has.
void LessonPage::finish() {
  report();
  std::vector<page::Stop> stops{
      {.say = "Each section is one step of the lesson: what it explains, the lines of the program, "
              "and what they computed.",
       .panel = first_section_}};
  if (!attention_.empty())
    stops.push_back({.say = "In attention, rows are queries and columns are keys. Point at a cell, "
                            "or move with the arrow keys: all stages show the same pair.",
                     .select = {{"query", "1"}, {"key", "0"}},
                     .panel = attention_});
  if (learns_)
    stops.push_back({.say = "This attention was kept while the model learned. Move the slider, "
                            "and see where it looks after more training steps.",
                     .panel = attention_});
  stops.push_back({.say = "Questions are folded. Guess first, then open the answer."});
  stops.push_back({.say = "A line with \u2713 is a check that the program made: most compare its "
                          "numbers with the book's or with PyTorch's."});
  report_->tour(stops);
}

std::string LessonPage::write() {
  if (!wanted() || file_.empty()) return "";
  finish();
  report_->write(file_, wasm_file_);
  return std::filesystem::absolute(file_).string();
}

std::string LessonPage::json() {
  finish();
  return report_->json();
}

}  // namespace gradus::lessons

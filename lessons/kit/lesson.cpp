#include "lessons/kit/lesson.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>

#include "autograd/ops.h"
#include "tensor/random.h"

namespace gradus::lessons {
namespace {

const Words kBookWords{"Your", "journey", "starts", "with", "one", "step"};
constexpr size_t kMostWords = 12;
constexpr int kWidestWord = 16;
constexpr int kAnyWidth = 1000;  // of lines that do not go to a window

Words split_words(const std::string& text) {
  std::istringstream stream(text);
  Words words;
  for (std::string word; stream >> word;) {
    word = terminal::printable(word);
    words.push_back(terminal::columns(word) > kWidestWord ? terminal::fit(word, kWidestWord, false)
                                                          : word);
  }
  check(words.size() >= 2 && words.size() <= kMostWords, "--text: expected 2 to {} words, got {}",
        kMostWords, words.size());
  return words;
}

}  // namespace

Lesson::Lesson(const About& about, const Arguments& arguments, std::istream& in, std::ostream& out)
    : about_(about),
      arguments_(arguments),
      json_out_(out),
      out_(arguments.json ? unseen_ : out),
      page_(about, arguments),
      screen_(in, out_, arguments.canvas, arguments.interactive, arguments.terminal),
      bookmark_(about.number, is_in_the_course(), trains_too_little()),
      words_(kBookWords),
      exchanged_(arguments.exchanged(about.options)) {
  if (arguments.text && about.own_text.empty()) words_ = split_words(*arguments.text);
  const auto T = static_cast<int64_t>(words_.size());
  if (arguments.query) {
    check(*arguments.query >= 1 && *arguments.query <= T,
          "--query: expected the number of a word, 1 to {}, got {}", T, *arguments.query);
    query_ = *arguments.query - 1;
  }
  check(arguments.from >= 1, "--from: expected a step, 1 or more, got {}", arguments.from);
  set_dropout_style(arguments.mkl_dropout ? DropoutStyle::mkl : DropoutStyle::book);
  begin();
}

void Lesson::begin() {
  page_.introduce(about_);
  if (!quiet()) {
    const std::string title = fmt::format("Lesson {:02}: {}", about_.number, about_.title);
    screen_.block(terminal::bold(title, canvas().depth) + "\n" + std::string(title.size(), '='));
  }
  if (!quiet() && arguments_.from == 1) show_goals();
  tell_options();
}

void Lesson::show_goals() {
  std::string goals = "After this lesson you can:\n";
  for (const std::string& line : about_.goals)
    goals += "  - " + terminal::wrap(line, text_width(), 4).substr(4);
  screen_.block(goals);
  screen_.block(terminal::wrap("The question: " + about_.question, text_width()));
}

/// Says what the given options change.
void Lesson::tell_options() {
  const auto tell = [&](const std::string& text) {
    page_.paragraph(text);
    if (arguments_.from == 1) show_paragraph(text);
  };
  for (const auto& [given, name] : {std::pair{arguments_.query.has_value(), "query"},
                                    {arguments_.seed.has_value(), "seed"},
                                    {arguments_.text.has_value(), "text"},
                                    {arguments_.mkl_dropout, "dropout"},
                                    {arguments_.quick, "quick"},
                                    {arguments_.pairs.has_value(), "pairs"},
                                    {arguments_.keep, "keep"}})
    if (given && !has_option(name))
      tell(fmt::format("(--{} changes nothing in this lesson.)", name));
  if (!by_the_book() && !about_.golden.empty())
    tell(fmt::format("With {} the numbers are your own, so they are not compared with the book's.",
                     exchanged_));
  if (quick() && has_option("quick"))
    tell(
        "With --quick the models train for a few steps only. They have learned almost nothing, so "
        "what they do here proves nothing.");
}

bool Lesson::has_option(const std::string& name) const {
  return std::find(about_.options.begin(), about_.options.end(), name) != about_.options.end();
}

Tensor Lesson::vectors(const Tensor& book) const {
  std::map<std::string, Tensor> known;
  for (size_t i = 0; i < kBookWords.size(); ++i)
    known[kBookWords[i]] = book[static_cast<int64_t>(i)];
  manual_seed(seed(123));
  std::vector<Tensor> rows;
  for (const std::string& word : words_) {
    if (!known.count(word)) known[word] = rand({book.size(1)});
    rows.push_back(known[word]);
  }
  return stack(rows);
}

uint64_t Lesson::seed(uint64_t book) const {
  return arguments_.seed ? static_cast<uint64_t>(*arguments_.seed) : book;
}

/// "Step 3 (book 3.4.1)  Scores": --from takes the first number.
std::string Lesson::title_of_step(const std::string& section, const std::string& heading) const {
  if (section.empty()) return heading;
  const std::string number = fmt::format("Step {}", steps_);
  if (section == "what if" && heading.starts_with("... "))
    return number + "  What if " + heading.substr(4);
  if (section == std::to_string(steps_)) return number + "  " + heading;
  const bool is_of_book = section.find('.') != std::string::npos;  // "3.4.1" or "ex. 3.1"
  return fmt::format("{} ({}{})  {}", number, is_of_book ? "book " : "", section, heading);
}

void Lesson::step(const std::string& section, const std::string& heading, Here here) {
  end_step();
  ++steps_;
  section_ = section;
  const std::string title = title_of_step(section, heading);
  step_code_ = StepCode();
  std::string place;
  if (shows_code() && is_program(here)) {
    step_code_.begin(here);
    place = fmt::format("{}:{}", embedded_file(here.file).path, here.line);
  }
  if (steps_ > arguments_.from && !silent())
    screen_.wait(fmt::format("Enter or space: step {} (q: leave) ", steps_));
  page_.step(title, place);
  if (silent()) return;
  if (steps_ == arguments_.from && steps_ > 1)
    show_paragraph(
        fmt::format("Continuing at step {}. (--from 1 starts at the beginning.)", steps_));
  bookmark_.at(steps_);
  const int underlined = std::min(terminal::columns(title), canvas().width);
  std::string lines = terminal::bold(title, canvas().depth) + "\n" +
                      std::string(static_cast<size_t>(underlined), '-');
  if (arguments_.code && !place.empty())
    lines += "\n" + terminal::dim(place, canvas().depth) + "\n";
  screen_.heading(lines + "\n");
}

/// Whether the code of a step that begins here is shown. What other files print for a lesson
/// explains it; its program is in its own file, and in stages/.
bool Lesson::is_program(const Here& here) const {
  const std::string own_file = fmt::format("lessons/{:02}_", about_.number);
  return here.file.find(own_file) != std::string_view::npos ||
         here.file.find("lessons/stages/") != std::string_view::npos;
}

void Lesson::end_step() {
  if (shows_code() && steps_ > 0) {
    show_code(step_code_.rest());
    if (arguments_.code && !silent()) screen_.flush();
  }
  if (checks_ > 0) {
    print_result_of_checks();
  } else if (unchecked_) {
    const std::string line = fmt::format("{}: not checked ({})", what_is_checked(), exchanged_);
    page_.paragraph(line);
    if (quiet())
      out_ << fmt::format("{:02} {:<8}{}\n", about_.number, section_, line);
    else if (!silent())
      screen_.result(line);
  }
  checks_ = 0;
  details_ = 0;
  unchecked_ = false;
  from_book_ = false;
  largest_difference_.reset();
  first_wrong_.clear();
}

void Lesson::print(const std::string& name, const Tensor& x, const Labels& labels, Here here) {
  show_code_before(here);
  page_.tensor(name, x, labels);
  print_titled(terminal::bold(name, canvas().depth), x, labels);
}

void Lesson::print_titled(const std::string& title, const Tensor& x, const Labels& labels) {
  if (silent()) return;
  const std::string shape = x.dim() == 0 ? "one number" : to_string(x.sizes());
  const int width = arguments_.terminal ? canvas().width : kAnyWidth;
  screen_.block(title + "  " + shape + "\n" + with_labels(to_string(x.detach()), labels, width));
}

void Lesson::show_from_book(const std::string& name, const Tensor& x, const Labels& labels,
                            Here here) {
  show_code_before(here);
  const std::string last_part = name.substr(name.rfind('/') + 1);
  const std::string printed = labels.name.empty() ? last_part : labels.name;
  std::string title = terminal::bold(printed, canvas().depth);
  page_.tensor(printed, x, labels);
  if (arguments_.all && printed != name) title += " (" + name + ")";
  print_titled(title, x, labels);
  compare_with_book(name, x);
}

void Lesson::detail(const std::string& name, const Tensor& x, const Labels& labels, Here here) {
  if (arguments_.all) return show_from_book(name, x, labels, here);
  ++details_;
  compare_with_book(name, x);
}

bool Lesson::is_in_the_course() const {
  const char* folder = std::getenv("GRADUS_COURSE");
  return arguments_.terminal && !arguments_.quiet && folder && *folder;
}

bool Lesson::trains_too_little() const { return arguments_.quick && has_option("quick"); }

bool Lesson::remembers() const { return is_in_the_course() && !trains_too_little(); }

int Lesson::finish(bool to_the_end) {
  if (!to_the_end) {
    screen_.stop_waiting();
    step_code_ = StepCode();  // the rest of the step was not reached
    page_.paragraph("(The lesson was left here.)");
  }
  end_step();
  const bool reached = arguments_.from == 1 || arguments_.from <= steps_;
  check(reached || !to_the_end, "--from: expected a step, 1 to {}, got {}", steps_,
        arguments_.from);
  const int wrong = book_steps_.wrong + pytorch_steps_.wrong + others_wrong_;
  print_result_of_lesson();
  if (to_the_end && !about_.exercises.empty()) print_exercises();
  if (to_the_end) {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start_;
    bookmark_.done(seconds.count() - screen_.seconds_waited());
  }
  const std::string file = page_.write();
  if (!file.empty() && quiet()) out_ << fmt::format("{:02} page    {}\n", about_.number, file);
  if (!file.empty() && !quiet()) screen_.block("The lesson as a page:\n  " + file);
  screen_.flush();
  screen_.end();
  if (arguments_.json) json_out_ << page_.json() << '\n' << std::flush;
  return wrong > 0 || !out_ || !json_out_ ? 1 : 0;
}

void Lesson::print_exercises() {
  Words commands;
  for (const std::string& exercise : about_.exercises)
    commands.push_back("./run exercise " + exercise);
  const std::string heading =
      commands.size() == 1 ? "The exercise for this lesson" : "The exercises for this lesson";
  page_.list(heading, commands);
  if (!quiet()) screen_.block(fmt::format("{}:\n  {}", heading, fmt::join(commands, "\n  ")));
}

}  // namespace gradus::lessons

#include "lessons/kit/lesson.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <map>
#include <sstream>

#include "autograd/ops.h"
#include "lessons/kit/golden.h"
#include "tensor/random.h"

namespace gradus::lessons {
namespace {

const Words kBookWords{"Your", "journey", "starts", "with", "one", "step"};
constexpr size_t kMostWords = 12;
constexpr int kWidestWord = 16;

Words split_words(const std::string& text) {
  std::istringstream stream(text);
  Words words;
  for (std::string word; stream >> word;) {
    word = terminal::printable(word);
    words.push_back(terminal::columns(word) > kWidestWord ? terminal::fit(word, kWidestWord, false)
                                                          : word);
  }
  check(words.size() >= 2 && words.size() <= kMostWords,
        "--text: it has {} words, a lesson takes 2 to {}", words.size(), kMostWords);
  return words;
}

std::string difference_text(std::optional<double> difference) {
  return !difference       ? ""
         : difference == 0 ? "largest difference 0"
                           : fmt::format("largest difference {:.1e}", *difference);
}

}  // namespace

Lesson::Lesson(const About& about, const Arguments& arguments, std::istream& in, std::ostream& out)
    : about_(about),
      arguments_(arguments),
      in_(in),
      out_(out),
      words_(kBookWords),
      exchanged_(arguments.exchanged(about.options)) {
  if (arguments.text && about.own_text.empty()) words_ = split_words(*arguments.text);
  const auto T = static_cast<int64_t>(words_.size());
  if (arguments.query) {
    check(*arguments.query >= 1 && *arguments.query <= T,
          "--query: {} - the words are numbered 1 to {}", *arguments.query, T);
    query_ = *arguments.query - 1;
  }
  set_dropout_style(arguments.mkl_dropout ? DropoutStyle::mkl : DropoutStyle::book);
  begin();
}

void Lesson::begin() {
  if (quiet()) return;
  const std::string title = fmt::format("Lesson {:02}: {}", about_.number, about_.title);
  out_ << terminal::bold(title, canvas().depth) << "\n" << std::string(title.size(), '=') << "\n\n";
  out_ << "After this lesson you can:\n";
  for (const std::string& line : about_.goals)
    out_ << "  - " << terminal::wrap(line, std::min(80, canvas().width), 4).substr(4);
  out_ << "\n";
  paragraph("The question: " + about_.question);
  for (const auto& [given, name] : {std::pair{arguments_.query.has_value(), "query"},
                                    {arguments_.seed.has_value(), "seed"},
                                    {arguments_.text.has_value(), "text"},
                                    {arguments_.mkl_dropout, "dropout"},
                                    {arguments_.quick, "quick"},
                                    {arguments_.pairs.has_value(), "pairs"}})
    if (given &&
        std::find(about_.options.begin(), about_.options.end(), name) == about_.options.end())
      paragraph(fmt::format("(--{} changes nothing in this lesson.)", name));
  if (!by_the_book() && !about_.golden.empty())
    paragraph(
        fmt::format("You play with {}: the numbers are yours and not the book's, and are not "
                    "checked against it.",
                    exchanged_));
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

void Lesson::step(const std::string& section, const std::string& heading) {
  end_step();
  if (steps_ > 0 && arguments_.interactive) {
    out_ << terminal::dim("Enter: go on (q: leave) ", canvas().depth);
    if (read_line() == "q") throw Leave{};
  }
  ++steps_;
  section_ = section;
  if (quiet()) return;
  const std::string title = section.empty() ? heading : section + "  " + heading;
  page() << terminal::bold(title, canvas().depth) << "\n"
         << std::string(static_cast<size_t>(terminal::columns(title)), '-') << "\n";
}

void Lesson::end_step() {
  if (checks_ > 0) {
    ++steps_checked_;
    const bool ok = first_wrong_.empty();
    if (!ok) ++steps_wrong_;
    const std::string what = about_.golden.empty() ? "as expected" : "same as the book";
    const std::string difference = difference_text(largest_difference_);
    check_line(ok, what, difference + (ok ? "" : (difference.empty() ? "" : "; ") + first_wrong_));
  } else if (unchecked_) {
    if (quiet()) out_ << fmt::format("{:02} {:<8}", about_.number, section_);
    out_ << "same as the book: not checked (" << exchanged_ << ")\n";
    after_check_line_ = !quiet();
  }
  checks_ = 0;
  unchecked_ = false;
  largest_difference_.reset();
  first_wrong_.clear();
}

void Lesson::check_line(bool ok, const std::string& what, const std::string& detail) {
  if (quiet()) out_ << fmt::format("{:02} {:<8}", about_.number, section_);
  const std::string answer = ok ? "yes" : "no";
  const bool colored = canvas().depth != terminal::Depth::plain;
  out_ << what << ": "
       << (colored ? fmt::format("\x1b[1;{}m{}\x1b[0m", ok ? 32 : 31, answer) : answer)
       << (detail.empty() ? "" : " (" + detail + ")") << "\n";
  after_check_line_ = !quiet();
}

std::ostream& Lesson::page() {
  if (after_check_line_) out_ << "\n";
  after_check_line_ = false;
  return out_;
}

void Lesson::paragraph(const std::string& text) {
  if (!quiet()) page() << terminal::wrap(text, std::min(80, canvas().width)) << "\n";
}

void Lesson::raw(const std::string& text) {
  if (!quiet()) page() << text;
}

void Lesson::lines(const std::string& text) { raw(text + (text.ends_with('\n') ? "\n" : "\n\n")); }

void Lesson::often_asked(const std::string& question, const std::string& answer) {
  if (quiet()) return;
  page() << terminal::bold("? " + question, canvas().depth) << "\n"
         << terminal::wrap(answer, std::min(80, canvas().width), 2) << "\n";
}

void Lesson::try_next(const std::vector<std::string>& ideas) {
  step("", "What to try next");
  if (quiet()) return;
  for (const std::string& idea : ideas)
    out_ << "  - " << terminal::wrap(idea, std::min(80, canvas().width), 4).substr(4);
  out_ << "\n";
}

void Lesson::print(const std::string& name, const Tensor& x, const Labels& labels) {
  if (quiet()) return;
  const std::string shape = x.dim() == 0 ? "one number" : to_string(x.sizes());
  page() << terminal::bold(name, canvas().depth) << "  " << shape << "\n"
         << with_labels(to_string(x.detach()), labels) << "\n";
}

void Lesson::show_from_book(const std::string& name, const Tensor& x, const Labels& labels) {
  print(name, x, labels);
  unchecked_ = !by_the_book();
  if (unchecked_) return;
  std::string full = about_.golden + "/" + name;
  if (!golden::has(full)) full = "11_pitfalls/" + name;
  const golden::Comparison result = golden::compare(x, full);
  note_check(result.same, result.largest_difference, name + ": " + result.where);
}

void Lesson::note_check(bool ok, std::optional<double> difference, const std::string& wrong) {
  ++checks_;
  if (difference) largest_difference_ = std::max(largest_difference_.value_or(0), *difference);
  if (!ok && first_wrong_.empty()) first_wrong_ = wrong;
}

void Lesson::note_equal(bool ok, std::optional<double> difference, const std::string& what,
                        const std::string& detail, const std::string& wrong) {
  const bool by_hand = about_.golden.empty();
  if (by_hand)
    note_check(ok, difference, what + ": " + wrong);
  else if (!ok)
    ++others_wrong_;
  if (quiet() && (ok || by_hand)) return;
  check_line(ok, what, ok ? detail : wrong);
}

void Lesson::equal(const std::string& what, const Tensor& a, const Tensor& b, double tolerance) {
  const golden::Comparison result = golden::compare(a, b, tolerance);
  const std::string detail = difference_text(result.largest_difference);
  note_equal(result.same, result.largest_difference, what, detail, detail + "; " + result.where);
}

void Lesson::equal(const std::string& what, int64_t a, int64_t b) {
  note_equal(a == b, static_cast<double>(std::abs(a - b)), what, "",
             fmt::format("{} instead of {}", a, b));
}

void Lesson::holds(const std::string& what, bool ok, const std::string& detail) {
  note_equal(ok, {}, what, detail, detail.empty() ? "it does not hold" : detail);
}

ProgressBar::Output Lesson::progress() {
  after_check_line_ = !quiet();  // an empty line follows its last line
  return {quiet() ? nullptr : &out_, arguments_.terminal, arguments_.canvas};
}

void Lesson::heatmap(const std::string& title, const Tensor& weights, const Words& rows,
                     const Words& columns, double high) {
  lines(terminal::draw({.title = title,
                        .values = values_of(weights),
                        .rows = rows,
                        .columns = columns,
                        .high = high},
                       canvas()));
}

void Lesson::bars(const Words& labels, const Tensor& values) {
  lines(terminal::bars(labels, values_of(values), canvas()));
}

std::string Lesson::read_line() {
  out_.flush();
  std::string line;
  if (!std::getline(in_, line)) {
    out_ << "\n";
    throw Leave{};
  }
  return line;
}

void Lesson::ask(const std::string& question, const Words& options, int64_t answer) {
  if (!arguments_.step || quiet()) return;
  std::string text = "Question: " + question + "\n";
  for (size_t i = 0; i < options.size(); ++i)
    text += fmt::format("{}{} {}", i ? ", " : "", i + 1, options[i]);
  const std::string& right = options.at(static_cast<size_t>(answer));
  if (!arguments_.interactive) return paragraph(text + "\nAnswer: " + right);
  paragraph(text);
  while (true) {
    out_ << fmt::format("Your guess, 1-{} (Enter: show me): ", options.size());
    const std::string line = read_line();
    if (line == "q") throw Leave{};
    if (line.empty()) return paragraph("It is " + right + ".");
    const bool digits =
        line.size() < 4 &&
        std::all_of(line.begin(), line.end(), [](unsigned char c) { return std::isdigit(c); });
    const size_t guess = digits ? std::stoul(line) : 0;
    if (guess < 1 || guess > options.size()) continue;
    if (guess == static_cast<size_t>(answer) + 1)
      return paragraph("Right: " + right + ". Now look:");
    return paragraph(fmt::format("You said {}; it is {}. Now look:", options[guess - 1], right));
  }
}

int Lesson::finish() {
  end_step();
  const int wrong = steps_wrong_ + others_wrong_;
  if (!quiet() && (steps_checked_ > 0 || wrong > 0))
    out_ << fmt::format("\nLesson {:02}: {} of {} checked steps {}.\n", about_.number,
                        steps_checked_ - steps_wrong_, steps_checked_,
                        about_.golden.empty() ? "are as expected" : "have the book's numbers");
  if (!quiet() && !about_.exercises.empty()) {
    out_ << "\nExercises that follow:\n";
    for (const std::string& name : about_.exercises)
      out_ << "  ./run exercise " << name << "\n";
  }
  out_.flush();
  return wrong > 0 || !out_ ? 1 : 0;
}

int run_lesson(int argc, const char* const* argv, const About& about, void (*lesson)(Lesson&)) {
  std::signal(SIGINT, [](int) {
    constexpr char reset[] = "\x1b[0m\n";
    const bool tty = isatty(STDOUT_FILENO) == 1;
    [[maybe_unused]] const auto written =
        write(STDOUT_FILENO, tty ? reset : "\n", tty ? sizeof reset - 1 : 1);
    _exit(130);
  });
  try {
    Arguments arguments;
    if (const auto status = parse(argc, argv, about, arguments)) return *status;
    Lesson page(about, arguments, std::cin, std::cout);
    int left = 0;
    try {
      lesson(page);
    } catch (const Lesson::Leave& leave) {
      left = leave.status;
    }
    const int status = page.finish();
    return left ? left : status;
  } catch (const std::exception& e) {
    std::cout.flush();
    std::cerr << fmt::format("lesson {:02}: {}\n", about.number, e.what());
    return 1;
  }
}

}  // namespace gradus::lessons

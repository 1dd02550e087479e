// What a lesson says, shows of its code, and asks.
#include <algorithm>
#include <cctype>

#include "lessons/kit/lesson.h"
#include "tensor/error.h"

namespace gradus::lessons {

std::string grouped(int64_t n) {
  std::string text = std::to_string(n);
  for (int64_t at = std::ssize(text) - 3; at > (n < 0 ? 1 : 0); at -= 3)
    text.insert(static_cast<size_t>(at), ",");
  return text;
}

void Lesson::show_code(const Excerpt& excerpt) {
  page_.code(excerpt);
  if (!excerpt.lines.empty() && arguments_.code && !silent())
    screen_.heading(drawn(excerpt, canvas()) + "\n");
}

void Lesson::show_code_before(const Here& here) {
  if (shows_code() && steps_ > 0) show_code(step_code_.before(here));
}

void Lesson::code(const std::string& file, const std::string& name) {
  const Excerpt excerpt = definition(file, name);
  page_.code(excerpt);
  if (!arguments_.code || silent()) return;
  const std::string place = fmt::format("{}:{}", excerpt.file, excerpt.lines.front().first);
  screen_.block(terminal::dim(place, canvas().depth) + "\n" + drawn(excerpt, canvas()));
}

void Lesson::code(const std::string& name, Here here) { code(std::string(here.file), name); }

void Lesson::paragraph(const std::string& text) {
  page_.paragraph(text);
  show_paragraph(text);
}

void Lesson::show_paragraph(const std::string& text) {
  if (!silent()) screen_.block(terminal::wrap(text, text_width()));
}

void Lesson::one_line(const std::string& text) {
  page_.one_line(text);
  if (!silent()) screen_.line(text);
}

void Lesson::one_redrawn(const std::string& text) {
  page_.redrawn(text);
  if (!silent()) screen_.redrawn(text);
}

void Lesson::lines(const std::string& text, Here here) {
  show_code_before(here);
  page_.output(text);
  show_lines(text);
}

void Lesson::show_lines(const std::string& text) {
  if (!silent()) screen_.block(text, /*continues_lines=*/true);
}

void Lesson::often_asked(const std::string& question, const std::string& answer) {
  page_.question(question, answer);
  if (silent()) return;
  std::string asked = "? " + terminal::wrap(question, text_width(), 2).substr(2);
  asked.pop_back();  // the line end
  screen_.block(terminal::bold(asked, canvas().depth) + "\n" +
                terminal::wrap(answer, text_width(), 2));
}

void Lesson::try_next(const std::vector<std::string>& ideas, Here here) {
  step("", "What to try next", here);
  page_.list("", ideas);
  if (silent()) return;
  std::string list;
  for (const std::string& idea : ideas)
    list += "  - " + terminal::wrap(idea, text_width(), 4).substr(4);
  screen_.block(list);
}

void Lesson::ask(const std::string& question, const std::vector<Option>& options) {
  Words texts;
  for (const Option& option : options)
    texts.push_back(option.text);
  const auto right = std::find_if(options.begin(), options.end(),
                                  [](const Option& option) { return option.is_right; });
  check(right != options.end(), "ask: no answer to '{}' is right", question);
  ask(question, texts, right - options.begin());
}

void Lesson::ask(const std::string& question, const Words& options, int64_t answer) {
  page_.question(question, options, options.at(static_cast<size_t>(answer)));
  if (!arguments_.step || silent()) return;
  std::string text = "Question: " + question + "\n";
  for (size_t i = 0; i < options.size(); ++i)
    text += fmt::format("{}{}: {}", i ? ", " : "", i + 1, options[i]);
  const std::string& right = options.at(static_cast<size_t>(answer));
  if (!arguments_.interactive) return show_paragraph(text + "\nAnswer: " + right);
  show_paragraph(text);
  while (true) {
    const std::string line =
        screen_.ask(fmt::format("Your guess, 1-{} (Enter: show me): ", options.size()));
    if (line == "q") throw Leave{};
    if (line.empty()) return show_paragraph("The answer is: " + right + ".");
    const bool digits =
        line.size() < 4 &&
        std::all_of(line.begin(), line.end(), [](unsigned char c) { return std::isdigit(c); });
    const size_t guess = digits ? std::stoul(line) : 0;
    if (guess < 1 || guess > options.size()) continue;
    if (guess == static_cast<size_t>(answer) + 1)
      return show_paragraph("Right: " + right + ". Now look:");
    return show_paragraph(
        fmt::format("You said: {}. The answer is: {}. Now look:", options[guess - 1], right));
  }
}

void Lesson::ask_number(const std::string& question, const std::vector<double>& options,
                        double answer) {
  Words shown;
  for (const double option : options)
    shown.push_back(fmt::format("{:g}", option));
  const auto found = std::find(options.begin(), options.end(), answer);
  check(found != options.end(), "ask_number: the answer {} to '{}' is not among the options",
        answer, question);
  ask(question, shown, found - options.begin());
}

}  // namespace gradus::lessons

// How a lesson checks its numbers, and says so.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "autograd/ops.h"
#include "lessons/kit/golden.h"
#include "lessons/kit/lesson.h"

namespace gradus::lessons {
namespace {

std::string difference_text(std::optional<double> difference) {
  return !difference       ? ""
         : difference == 0 ? "largest difference 0"
                           : fmt::format("largest difference {:.1e}", *difference);
}

/// Whether the book or its notebooks have the golden tensor of this name. PyTorch computed the
/// others: mistakes, the examples of the video lectures, a tiny block, gradients of losses.
bool is_of_book(const std::string& name) {
  constexpr std::array others{"11_pitfalls/", "/pitfall_", "/lecture/",
                              "/tiny/",       "/grad/",    "loss_mean_square"};
  return std::none_of(others.begin(), others.end(),
                      [&](const char* other) { return name.find(other) != std::string::npos; });
}

}  // namespace

std::string Lesson::what_is_checked() const {
  return about_.golden.empty() ? "as expected"
         : from_book_          ? "same as the book"
                               : "same as PyTorch";
}

void Lesson::print_result_of_lesson() {
  const auto& [checked, wrong] = book_steps_;
  std::string result;
  if (checked > 0 || (others_wrong_ > 0 && pytorch_steps_.checked == 0))
    result = fmt::format("{} of {} checked steps {}", checked - wrong, checked,
                         about_.golden.empty() ? "are as expected" : "have the book's numbers");
  if (pytorch_steps_.checked > 0)
    result += fmt::format("{}{} of {} {} PyTorch's numbers", result.empty() ? "" : ", and ",
                          pytorch_steps_.checked - pytorch_steps_.wrong, pytorch_steps_.checked,
                          result.empty() ? "checked steps have" : "others have");
  if (result.empty()) return;
  result = fmt::format("Lesson {:02}: {}.", about_.number, result);
  const bool all_right = book_steps_.wrong + pytorch_steps_.wrong + others_wrong_ == 0;
  page_.check(all_right, result);
  if (!quiet()) screen_.block(result);
}

void Lesson::print_result_of_checks() {
  Count& count = about_.golden.empty() || from_book_ ? book_steps_ : pytorch_steps_;
  const bool ok = first_wrong_.empty();
  ++count.checked;
  if (!ok) ++count.wrong;
  std::string detail = difference_text(largest_difference_);
  if (!ok) detail += (detail.empty() ? "" : "; ") + first_wrong_;
  if (details_ > 0 && !quiet())
    detail += fmt::format("{}{} more {}: --all prints {}", detail.empty() ? "" : "; ", details_,
                          details_ == 1 ? "tensor" : "tensors", details_ == 1 ? "it" : "them");
  check_line(ok, what_is_checked(), detail);
}

void Lesson::check_line(bool ok, const std::string& what, const std::string& detail,
                        bool even_if_quiet) {
  const std::string answer = ok ? "yes" : "no";
  page_.check(ok, what + ": " + answer + (detail.empty() ? "" : " (" + detail + ")"));
  const bool colored = canvas().depth != terminal::Depth::plain;
  const std::string line =
      what + ": " + (colored ? fmt::format("\x1b[1;{}m{}\x1b[0m", ok ? 32 : 31, answer) : answer) +
      (detail.empty() ? "" : " (" + detail + ")");
  if (quiet() && even_if_quiet)
    out_ << fmt::format("{:02} {:<8}{}\n", about_.number, section_, line);
  else if (quiet())
    return;
  else if (!silent() || !ok)
    screen_.result(line);
}

void Lesson::compare_with_book(const std::string& name, const Tensor& x) {
  std::string full = about_.golden + "/" + name;
  if (!golden::has(full)) full = "11_pitfalls/" + name;
  if (is_of_book(full)) from_book_ = true;
  unchecked_ = !by_the_book();
  if (unchecked_) return;
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
  check_line(ok, what, ok ? detail : wrong, /*even_if_quiet=*/!ok && !by_hand);
}

void Lesson::equal(const std::string& what, const Tensor& a, const Tensor& b, double tolerance,
                   Here here) {
  show_code_before(here);
  const golden::Comparison result = golden::compare(a, b, tolerance);
  const std::string detail = difference_text(result.largest_difference);
  note_equal(result.same, result.largest_difference, what, detail, detail + "; " + result.where);
}

void Lesson::equal(const std::string& what, int64_t a, int64_t b, Here here) {
  show_code_before(here);
  note_equal(a == b, static_cast<double>(std::abs(a - b)), what, "",
             fmt::format("{} instead of {}", a, b));
}

void Lesson::holds(const std::string& what, bool ok, const std::string& detail, Here here) {
  show_code_before(here);
  note_equal(ok, {}, what, detail, detail.empty() ? "it does not hold" : detail);
}

void Lesson::refused(const std::string& what, const std::function<void()>& call, Here here) {
  paragraph(what);
  show_code_before(here);
  try {
    call();
    const std::string name = what.substr(0, what.find_last_not_of(": ") + 1);
    note_equal(false, {}, name, "", "it was not refused");
  } catch (const Error& e) {
    const std::string message = std::string("Error: ") + e.what();
    page_.output(message);
    if (!silent()) screen_.block(terminal::wrap(message, text_width(), 2));
  }
}

}  // namespace gradus::lessons

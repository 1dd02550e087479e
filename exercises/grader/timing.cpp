#include "exercises/grader/timing.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "exercises/grader/watch.h"
#include "tensor/error.h"

namespace gradus::grader {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

int timing(const Exercises& exercises, int rounds) {
  constexpr double kMostSeconds = 1.5;
  Exercises scratch = exercises;
  scratch.mine = exercises.work() / "answers_of_timing";
  const Grader grader(scratch);
  for (const Exercise& e : scratch.all())
    write_text(scratch.answer(e), read_text(scratch.solution(e)));

  std::vector<double> waits;
  for (const Exercise& e : scratch.all()) {
    double longest = 0;
    for (int round = 0; round < rounds; ++round) {
      const Answer answer = grader.mine(e);
      const Stamp before(answer);
      const auto look = Clock::now() + std::chrono::milliseconds(kPollMilliseconds);
      // A save happens at any time between two polls of the files; each round uses another time.
      std::this_thread::sleep_for(std::chrono::milliseconds(kPollMilliseconds * round / rounds));
      const auto saved = Clock::now();
      write_text(answer.file, read_text(scratch.solution(e)));
      std::this_thread::sleep_until(look);
      check(!(Stamp(answer) == before), "timing: the save of {} was not noticed",
            answer.file.string());
      const Verdict v = grader.grade(answer);
      check(v.outcome == Outcome::right, "timing: the solution of {} is not right: {}", e.folder,
            v.message);
      waits.push_back(std::chrono::duration<double>(Clock::now() - saved).count());
      longest = std::max(longest, waits.back());
    }
    fmt::print("{:<30}{:.2f} s\n", e.folder, longest);
  }
  std::sort(waits.begin(), waits.end());
  const auto percentile = [&](size_t p) {
    return waits[std::min(waits.size() - 1, waits.size() * p / 100)];
  };
  fmt::print(
      "from save to verdict, {} saves: median {:.2f} s, 95th percentile {:.2f} s (at most {} s)\n",
      waits.size(), percentile(50), percentile(95), kMostSeconds);
  return percentile(95) <= kMostSeconds ? 0 : 1;
}

}  // namespace gradus::grader

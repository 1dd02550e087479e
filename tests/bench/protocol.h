// The protocol between the benchmark and the libraries that it compares. Each library, also Gradus,
// runs in a process of its own, so that thread pools and allocators do not disturb each other. The
// process prints its name in one line. Then every line "ROW THREADS SECONDS" asks it to repeat the
// work of a row for about that long. It answers "ok X", where X is the best time of one call in
// seconds (for memory: MiB), or "no REASON". All workers in C++ use this header; peer.py is the
// same in Python.
#pragma once
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>

namespace bench {

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Work to be timed.
struct Case {
  std::function<void()> run;
  std::function<void()> prepare = {};  // called before every run, not timed
  double per = 1;                      // how many times run repeats the work
};

/// The best time of one call, among the calls that fit into `seconds` (at least one). Short calls
/// are timed in groups.
inline double best_time(const Case& work, double seconds) {
  const auto time = [&](int64_t calls) {
    if (work.prepare) work.prepare();
    const double start = now();
    for (int64_t i = 0; i < calls; ++i)
      work.run();
    return (now() - start) / static_cast<double>(calls);
  };
  const double start = now();
  double best = time(1);
  if (best < seconds) best = std::min(best, time(1));
  const int64_t calls = work.prepare ? 1 : 1 + static_cast<int64_t>(2e-4 / std::max(best, 1e-8));
  for (bool first = true; now() - start < seconds || (first && best < seconds); first = false)
    best = std::min(best, time(calls));
  return best / work.per;
}

/// Serves requests until the input ends. `answer` throws if it cannot measure a row.
inline int serve(const std::string& name,
                 const std::function<double(const std::string&, int, double)>& answer) {
  // Output of the libraries must not mix with the answers: it goes to stderr.
  const int out = dup(STDOUT_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  const auto say = [out](std::string line) {
    line += "\n";
    return write(out, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  };
  bool heard = say(name);
  for (std::string line; heard && std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string row;
    int threads = 1;
    double seconds = 0;
    words >> row >> threads >> seconds;
    try {
      char number[32];
      std::snprintf(number, sizeof number, "ok %.9g", answer(row, threads, seconds));
      heard = say(number);
    } catch (const std::exception& error) {
      std::string reason = error.what();
      std::replace(reason.begin(), reason.end(), '\n', ' ');
      heard = say("no " + reason);
    }
  }
  return 0;
}

}  // namespace bench

// How the table asks those it compares. Each of them, Gradus too, is a process of its own, so that
// no thread pool or allocator meets another one. It says who it is in one line; then every line
// "ROW THREADS SECONDS" is a request to repeat that work for about so long, answered by "ok X", the
// best time of one call in seconds (memory: MiB), or by "no REASON". Used by all workers in C++;
// peer_torch.py is the same in Python.
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
  std::function<void()> prepare = {};  // before every call of run, not timed
  double per = 1;                      // run does it so many times
};

/// The time of one call, the best of those that fit into `seconds`; at least one. Short calls are
/// timed in groups.
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

/// Serves requests until there are no more. `answer` throws what it cannot do.
inline int serve(const std::string& name,
                 const std::function<double(const std::string&, int, double)>& answer) {
  // What libraries print goes elsewhere.
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

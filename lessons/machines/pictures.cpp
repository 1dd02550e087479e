#include "lessons/machines/pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <vector>

namespace gradus::lessons {
namespace {

constexpr size_t kProcesses = 4;

/// What a process has of each of the four parts of a vector.
struct Has {
  std::vector<std::set<int>> sums;  // the processes whose numbers are in the part
  std::vector<bool> keeps;          // not those parts that another process adds
};

std::string shown(const Has& has) {
  std::string line;
  for (size_t part = 0; part < kProcesses; ++part) {
    std::string who;
    for (const int process : has.sums[part])
      who += std::to_string(process);
    line += fmt::format("{:{}}", has.keeps[part] ? who : ".", part + 1 < kProcesses ? 5 : 4);
  }
  return line;
}

std::vector<std::string> shown(const std::vector<Has>& all) {
  std::vector<std::string> lines;
  for (const Has& has : all)
    lines.push_back(shown(has));
  return lines;
}

/// Process r and r ^ bit exchange the parts that they have: each adds one half of them. The first
/// exchange (bit 1) is of halves of the vector, the second (bit 2) of quarters.
void exchange(std::vector<Has>& all, size_t bit) {
  const std::vector<Has> before = all;
  for (size_t r = 0; r < kProcesses; ++r) {
    for (size_t part = 0; part < kProcesses; ++part) {
      const bool adds = ((part & (kProcesses / 2 / bit)) != 0) == ((r & bit) != 0);
      const std::set<int>& theirs = before[r ^ bit].sums[part];
      if (!adds) all[r].keeps[part] = false;
      if (all[r].keeps[part]) all[r].sums[part].insert(theirs.begin(), theirs.end());
    }
  }
}

/// One column for each moment, one row for each process.
std::string columns(const std::vector<std::string>& titles,
                    const std::vector<std::vector<std::string>>& moments) {
  std::string text = fmt::format("  {:9}", "");
  for (const std::string& title : titles)
    text += fmt::format(" {:20}", title);
  for (size_t process = 0; process < moments[0].size(); ++process) {
    text += fmt::format("\n  process {}", process);
    for (const auto& moment : moments)
      text += fmt::format(" {:20}", moment[process]);
  }
  return text + '\n';
}

}  // namespace

std::string tree_picture(int64_t micro_batches, int64_t processes) {
  constexpr int64_t kWidth = 8;  // columns of a micro-batch
  std::string text = "  micro-batch";
  for (int64_t i = 0; i < micro_batches; ++i)
    text += fmt::format("{:^{}}", i, kWidth);
  text += "\n  process    ";
  for (int64_t i = 0; i < micro_batches; ++i)
    text += fmt::format("{:^{}}", i * processes / micro_batches, kWidth);
  text += '\n';
  for (int64_t span = 2; span <= micro_batches; span *= 2) {
    const bool is_between = span > micro_batches / processes;
    std::string lines = is_between ? "  between    " : "  within     ";
    for (int64_t i = 0; i < micro_batches; i += span) {
      const auto width = static_cast<size_t>(span * kWidth);
      // From the middle of the left half to that of the right one.
      std::string node(width, ' ');
      for (size_t at = width / 4 - 1; at < 3 * width / 4; ++at)
        node[at] = '-';
      node[width / 2 - 1] = '+';
      lines += node;
    }
    text += lines + '\n';
  }
  return text;
}

std::string halves_picture() {
  std::vector<Has> all;
  for (int r = 0; r < static_cast<int>(kProcesses); ++r)
    all.push_back(
        {std::vector<std::set<int>>(kProcesses, {r}), std::vector<bool>(kProcesses, true)});
  std::vector<std::vector<std::string>> moments{shown(all)};
  for (const size_t bit : {size_t{1}, size_t{2}}) {
    exchange(all, bit);
    moments.push_back(shown(all));
  }
  return columns({"before", "halves exchanged", "quarters exchanged"}, moments);
}

std::string ring_picture() {
  constexpr int P = kProcesses;
  std::vector<std::vector<std::string>> moments;
  for (const int messages : {0, 1, P - 1}) {
    std::vector<std::string>& moment = moments.emplace_back();
    for (int r = 0; r < P; ++r) {
      std::string line;
      for (int part = 0; part < P; ++part)  // part r - i arrives with message i
        line += (r - part + P) % P <= messages ? fmt::format("{} ", part) : ". ";
      moment.push_back(line);
    }
  }
  return columns({"before", "1 message each", "3 messages each"}, moments);
}

std::string timeline(const Overlap& times, const terminal::Canvas& canvas) {
  double end = times.beside.backward;
  for (const Overlap::Bucket& bucket : times.beside.buckets)
    end = std::max(end, bucket.end);
  const int width = std::clamp(canvas.width - 30, 20, 60);
  const auto column = [&](double t) {
    return static_cast<size_t>(std::clamp(std::lround(t / end * width), 0L, long{width} - 1));
  };
  const auto bar = [&](double from, double to, char mark) {
    std::string line(static_cast<size_t>(width), ' ');
    for (size_t i = column(from); i <= column(to); ++i)
      line[i] = mark;
    return line;
  };
  std::string text = fmt::format("  backward       {} {:7.1f} ms\n",
                                 bar(0, times.beside.backward, '='), 1e3 * times.beside.backward);
  for (size_t i = 0; i < times.beside.buckets.size(); ++i) {
    const Overlap::Bucket& bucket = times.beside.buckets[i];
    text += fmt::format("  bucket {:2} {:4.1f}M {} {:7.1f} ms\n", i,
                        static_cast<double>(bucket.bytes) / 1e6, bar(bucket.begin, bucket.end, '#'),
                        1e3 * bucket.end);
  }
  return text;
}

}  // namespace gradus::lessons

#include "lessons/machines/pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <vector>

namespace gradus::lessons {
namespace {

constexpr int kProcesses = 4;

/// What a process has of each of the four parts of a vector: the processes whose numbers are in it.
using Parts = std::vector<std::set<int>>;

std::string shown(const Parts& parts, const std::vector<bool>& is_shown) {
  std::string line;
  for (size_t part = 0; part < parts.size(); ++part) {
    std::string who;
    if (is_shown[part])
      for (const int process : parts[part])
        who += std::to_string(process);
    line += fmt::format("{:5}", who.empty() ? "." : who);
  }
  return line;
}

/// One column for each moment, one row for each process.
std::string columns(const std::vector<std::string>& titles,
                    const std::vector<std::vector<std::string>>& moments) {
  std::string text = "           ";
  for (const std::string& title : titles)
    text += fmt::format(" {:21}", title);
  text += '\n';
  for (size_t process = 0; process < moments[0].size(); ++process) {
    text += fmt::format("  process {}", process);
    for (const auto& moment : moments)
      text += fmt::format(" {:21}", moment[process]);
    text += '\n';
  }
  return text;
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
      const size_t dashes = width / 2 - 1;
      std::string node(width, ' ');
      for (size_t at = width / 4; at < width / 4 + dashes + 1; ++at)
        node[at] = '-';
      node[width / 2] = '+';
      lines += node;
    }
    text += lines + '\n';
  }
  return text;
}

std::string halves_picture() {
  std::vector<Parts> has(kProcesses, Parts(kProcesses));
  std::vector<std::vector<bool>> is_shown(kProcesses, std::vector<bool>(kProcesses, true));
  for (int r = 0; r < kProcesses; ++r)
    for (std::set<int>& part : has[static_cast<size_t>(r)])
      part = {r};
  std::vector<std::vector<std::string>> moments;
  const auto keep = [&] {
    std::vector<std::string>& moment = moments.emplace_back();
    for (size_t r = 0; r < kProcesses; ++r)
      moment.push_back(shown(has[r], is_shown[r]));
  };
  keep();
  // Process r exchanges halves with r ^ 1, then quarters with r ^ 2; in the end it has one part.
  for (const size_t bit : {size_t{1}, size_t{2}}) {
    const std::vector<Parts> before = has;
    for (size_t r = 0; r < kProcesses; ++r) {
      for (size_t part = 0; part < kProcesses; ++part) {
        const bool mine = (part & (bit == 1 ? 2U : 1U)) == (bit == 1 ? (r & 1U) * 2 : (r & 2U) / 2);
        if (!mine) is_shown[r][part] = false;
        if (is_shown[r][part]) has[r][part].merge(Parts(before[r ^ bit])[part]);
      }
    }
    keep();
  }
  return columns({"before", "halves exchanged", "quarters exchanged"}, moments);
}

std::string ring_picture() {
  std::vector<std::set<int>> has;
  for (int r = 0; r < kProcesses; ++r)
    has.push_back({r});
  std::vector<std::vector<std::string>> moments;
  const auto keep = [&] {
    std::vector<std::string>& moment = moments.emplace_back();
    for (const std::set<int>& parts : has) {
      std::string line;
      for (int part = 0; part < kProcesses; ++part)
        line += fmt::format("{} ", parts.contains(part) ? std::to_string(part) : ".");
      moment.push_back(line);
    }
  };
  keep();
  for (int step = 1; step < kProcesses; ++step) {
    for (int r = 0; r < kProcesses; ++r)
      has[static_cast<size_t>(r)].insert((r - step + kProcesses) % kProcesses);
    if (step != 2) keep();
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

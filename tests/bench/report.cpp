#include "tests/bench/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "gradus.h"

namespace bench {
namespace {

constexpr size_t kColumn = 15;

std::string show(double value, bool memory) {
  if (value <= 0) return "-";
  if (memory) return fmt::format("{:.0f} MiB", value);
  if (value < 9.995e-6) return fmt::format("{:.0f} ns", value * 1e9);
  if (value < 9.995e-3) return fmt::format("{:.1f} us", value * 1e6);
  if (value < 9.995) return fmt::format("{:.1f} ms", value * 1e3);
  return fmt::format("{:.2f} s", value);
}

/// The peers that have a column in this group.
std::vector<std::string> columns(const Report& report, const Result& result) {
  std::vector<std::string> out;
  for (const auto& [name, absent] : report.peers)
    if (absent.empty() && result.peers.contains(name)) out.push_back(name);
  return out;
}

/// "OpenBLAS 0.3.34.481.3 pthreads" as "OpenBLAS 0.3.34", "PyTorch 2.15.0, huge pages" as "PyTorch,
/// pages".
std::string column_title(const std::string& name) {
  if (name.ends_with("huge pages")) return name.substr(0, name.find(' ')) + ", pages";
  const size_t version = name.find(' ') + 1;
  const size_t end = name.find_first_not_of("0123456789.", version);
  std::string out = name.substr(0, version == 0 ? std::string::npos : end);
  if (std::count(out.begin(), out.end(), '.') > 2)
    out.resize(out.find('.', out.find('.', out.find('.') + 1) + 1));
  return out.substr(0, kColumn);
}

struct Mean {
  double log_sum = 0;
  int count = 0;
  void add(double ratio) {
    if (ratio > 0) log_sum += std::log(ratio), ++count;
  }
  double value() const { return count ? std::exp(log_sum / count) : 0; }
};

void print_gemm_summary(const Report& report) {
  std::map<std::string, Mean> means;
  Mean best;
  Mean all;
  std::vector<std::string> short_cases;
  for (const Result& r : report.results) {
    if (r.row.group() != "gemm" || r.gradus.best <= 0) continue;
    all.add(r.ratio());
    if (r.row.target <= 0) continue;  // reported only
    best.add(r.ratio());
    for (const auto& [name, time] : r.peers)
      means[name].add(time.best / r.gradus.best);
    if (r.ratio() > 0 && r.ratio() < r.row.target)
      short_cases.push_back(fmt::format("{} x{} {:.2f}", r.row.title, r.threads, r.ratio()));
  }
  if (best.count == 0) return;
  fmt::print("\nGEMM, geometric mean of {} cases from 32x32x32 up, times as fast as\n", best.count);
  for (const auto& [name, mean] : means)
    fmt::print("  {:<34}{:.3f}\n", name, mean.value());
  fmt::print("  {:<34}{:.3f}   (with 16x16x16: {:.3f})\n", "the best of each case", best.value(),
             all.value());
  fmt::print("  cases below 0.85: {}\n", short_cases.size());
  for (const std::string& name : short_cases)
    fmt::print("    {}\n", name);
}

/// All precisions against float64.
void print_accuracy() {
  using namespace gradus;
  const Tensor a = randn({256, 768});
  const Tensor b = randn({768, 2304});
  const Tensor exact = matmul(a.to(kFloat64), b.to(kFloat64));
  fmt::print(
      "\nA product 256 2304 768 against float64, root mean square of the error divided by "
      "that of the result:\n");
  for (const char* precision : {"highest", "high", "medium"}) {
    set_float32_matmul_precision(precision);
    const Tensor error = matmul(a, b).to(kFloat64) - exact;
    fmt::print("  {:<34}{:.1e}\n", precision,
               norm(error).item<double>() / norm(exact).item<double>());
  }
}

void print_medium_summary(const Report& report) {
  Mean products;
  for (const Result& r : report.results)
    if (r.row.name.starts_with("medium/gemm")) products.add(r.ratio());
  if (products.count > 0)
    fmt::print(
        "\nmedium: geometric mean of {} products, times as fast as the best of the "
        "peers' float32, autocast and bfloat16 matrices: {:.3f}\n",
        products.count, products.value());
  const bool has_any = std::any_of(report.results.begin(), report.results.end(),
                                   [](const Result& r) { return r.row.group() == "medium"; });
  if (has_any) print_accuracy();
}

void print_op_summary(const Report& report) {
  std::vector<double> ratios;
  for (const Result& r : report.results)
    if (r.row.group() == "op" && r.ratio() > 0) ratios.push_back(r.ratio());
  if (ratios.empty()) return;
  std::sort(ratios.begin(), ratios.end());
  fmt::print("\nSingle ops: median {:.2f}, least {:.2f}\n", ratios[ratios.size() / 2], ratios[0]);
}

void print_thread_summary(const Report& report) {
  for (const Result& many : report.results) {
    if (many.row.group() != "model" || many.threads == 1 || many.gradus.best <= 0) continue;
    for (const Result& one : report.results)
      if (one.row.name == many.row.name && one.threads == 1 && one.gradus.best > 0)
        fmt::print("{}: {} threads are {:.2f} times as fast as 1\n", many.row.title, many.threads,
                   one.gradus.best / many.gradus.best);
  }
}

nlohmann::json json_of(const Time& time) {
  nlohmann::json out;
  if (time.best > 0) out["best"] = time.best;
  if (!time.variant.empty()) out["variant"] = time.variant;
  if (time.best <= 0 && !time.reason.empty()) out["reason"] = time.reason;
  return out;
}

}  // namespace

void print_head(const Report& report) {
  fmt::print("{}, {}\n{}, float32\n\n", report.processor, report.date, report.gradus);
  for (const auto& [threads, peaks] : report.peaks)
    fmt::print("peak with {} thread{}: {:.0f} GFLOP/s, {:.1f} GB/s read from memory\n", threads,
               threads == 1 ? " " : "s", peaks.flops * 1e-9, peaks.bandwidth * 1e-9);
  for (const auto& [name, absent] : report.peers)
    fmt::print("peer {}{}{}\n", name, absent.empty() ? "" : " absent: ", absent);
}

void print_result(const Report& report, const Result& r, bool first_of_group) {
  const auto peers = columns(report, r);
  if (first_of_group) {
    fmt::print("\n{:<46} thr {:>10}", r.row.group(), "Gradus");
    for (const std::string& name : peers)
      fmt::print(" {:>{}}", column_title(name), kColumn);
    fmt::print("  ratio  share  limit\n");
  }
  fmt::print("{:<46} {:>3} {:>10}", r.row.title.substr(0, 46), r.threads,
             show(r.gradus.best, r.memory()));
  std::string how;
  for (const std::string& name : peers) {
    const Time& time = r.peers.at(name);
    fmt::print(" {:>{}}", show(time.best, r.memory()), kColumn);
    if (!time.variant.empty()) how += (how.empty() ? " " : "/") + time.variant;
  }
  fmt::print("  {:>5}", r.ratio() > 0 ? fmt::format("{:.2f}", r.ratio()) : "-");
  fmt::print("  {:>5}", r.limit() != "overhead" && !r.memory()
                            ? fmt::format("{:.0f}%", 100 * r.share())
                            : "-");
  fmt::print("  {}{}", r.limit(), how);
  if (r.gradus.best <= 0)
    fmt::print("; no answer: {}", r.gradus.reason);
  else if (!r.verdict().empty())
    fmt::print("; {}", r.verdict());
  fmt::print("\n");
  std::fflush(stdout);
}

void print_summary(const Report& report) {
  print_gemm_summary(report);
  print_medium_summary(report);
  print_op_summary(report);
  fmt::print("\n");
  print_thread_summary(report);
  fmt::print(
      "Times are the best of several rounds, in each of which all libraries were asked in turn.\n"
      "ratio: the time of the best peer divided by that of Gradus.\n"
      "share: the least time that this machine needs, by its measured peaks, in percent of the\n"
      "  time of Gradus; it can exceed 100% if the data stay in the caches.\n"
      "  In the rows of medium the peak is that of float32.\n"
      "limit: the peak that this time comes from; overhead: neither of them.\n");
}

void write_json(const Report& report, const std::string& path) {
  nlohmann::json out;
  out["processor"] = report.processor;
  out["date"] = report.date;
  out["gradus"] = report.gradus;
  for (const auto& [threads, peaks] : report.peaks)
    out["peaks"].push_back(
        {{"threads", threads}, {"flops", peaks.flops}, {"bytes_per_second", peaks.bandwidth}});
  for (const auto& [name, absent] : report.peers) {
    nlohmann::json peer = {{"name", name}};
    if (!absent.empty()) peer["absent"] = absent;
    out["peers"].push_back(peer);
  }
  for (const Result& r : report.results) {
    nlohmann::json row = {{"name", r.row.name},   {"work", r.row.title},
                          {"threads", r.threads}, {"unit", r.memory() ? "MiB" : "s"},
                          {"flops", r.row.flops}, {"bytes", r.row.bytes},
                          {"floor", r.floor()},   {"share", r.share()},
                          {"ratio", r.ratio()},   {"limit", r.limit()},
                          {"short", r.verdict()}, {"gradus", json_of(r.gradus)}};
    for (const auto& [name, time] : r.peers)
      row["peers"][name] = json_of(time);
    out["rows"].push_back(row);
  }
  std::ofstream file(path);
  if (!(file << out.dump(1) << "\n")) throw std::runtime_error("cannot write " + path);
}

}  // namespace bench

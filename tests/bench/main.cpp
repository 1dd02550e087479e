// ./run bench: compares Gradus with the other libraries of this machine that do the same work.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <regex>
#include <sstream>
#include <thread>

#include "tensor/threads.h"
#include "tests/bench/cases.h"
#include "tests/bench/report.h"

namespace bench {
namespace {

std::string from_environment(const char* name, const std::string& otherwise) {
  const char* const value = std::getenv(name);
  return value && *value ? value : otherwise;
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ':');)
    if (!part.empty()) out.push_back(part);
  return out;
}

std::string today() {
  char text[32];
  const std::time_t time = std::time(nullptr);
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", std::localtime(&time));
  return text;
}

int compare(const Settings& settings) {
  const std::regex filter(settings.filter);
  Report report{.processor = processor_name(), .date = today(), .gradus = "Gradus"};
  std::vector<std::pair<Row, int>> todo;
  const auto add = [&](const Row& row, int threads) {
    if (std::regex_search(fmt::format("{}@{}", row.name, threads), filter))
      todo.emplace_back(row, threads);
  };
  for (const Row& row : all_rows()) {
    if (row.one_thread && !(settings.quick && row.all_threads)) add(row, 1);
    if (row.all_threads && (settings.threads > 1 || !row.one_thread || settings.quick))
      add(row, settings.threads);
  }
  if (todo.empty()) {
    fmt::print(stderr,
               "bench: no row matches '{}'; rows are named like gemm/512x512x512/NT@2, "
               "model/gpt2_step@1\n",
               settings.filter);
    return 2;
  }
  for (const int threads : {1, settings.threads})
    if (!report.peaks.contains(threads))
      report.peaks[threads] = measure_peaks(threads, settings.quick ? 0.3 : 1);
  Field field(settings);
  report.peers = field.peers();
  report.gradus = field.gradus();
  print_head(report);
  std::string group;
  bool complete = true;
  for (const auto& [row, threads] : todo) {
    const Peaks& peaks = report.peaks.at(threads);
    report.results.push_back(
        {.row = row, .threads = threads, .peak_flops = peaks.flops, .bandwidth = peaks.bandwidth});
  }
  // Several passes over the short rows: a disturbance of some seconds then spoils only one pass.
  for (int pass = 1; pass <= settings.passes; ++pass) {
    for (Result& result : report.results) {
      if (pass == 1 || result.is_short()) field.measure(result);
      if (pass < settings.passes) continue;
      print_result(report, result, result.row.group() != group);
      group = result.row.group();
      complete = complete && result.gradus.best > 0;
    }
  }
  print_summary(report);
  if (!settings.json.empty()) write_json(report, settings.json);
  return complete ? 0 : 1;
}

int run(int argc, char** argv) {
  Settings s;
  s.self = argv[0];
  s.scripts = from_environment("GRADUS_BENCH_SCRIPTS", BENCH_SOURCE_DIR);
  s.python = from_environment("GRADUS_PYTHON", "python3");
  s.blas = split(from_environment("GRADUS_BLAS", "libopenblas.so.0:libdnnl.so.3:libdnnl.so.2"));
  s.libtorch = split(BENCH_LIBTORCH);
  s.threads = gradus::get_num_threads();
  std::string worker;
  bool no_peers = false;
  CLI::App app(
      "Does the same work with Gradus and with every library found on this machine, in turn, and "
      "compares the best times.\n"
      "  ./run bench gemm-steps   from three loops to the library's matrix product, step by step\n"
      "  ./run bench ops          Gradus alone, with Google Benchmark and its options\n",
      "./run bench");
  app.add_option("--filter", s.filter,
                 "Only rows whose name matches this regular expression: gemm/512.*@1 (one thread), "
                 "model, op/gelu");
  app.add_option("--threads", s.threads,
                 "Number of threads (some rows are measured with one thread, too)")
      ->check(CLI::Range(1, 1024));
  app.add_option("--json", s.json, "Write all measurements to this file");
  app.add_flag(
      "--quick", s.quick,
      "One short round with all threads, to see whether it works: below a minute without peers");
  app.add_flag("--no-peers", no_peers, "Gradus alone");
  app.add_flag("--compile", s.compile, "Also try torch.compile (minutes)");
  app.add_option("--rounds", s.rounds, "How often each library is asked for a row")
      ->check(CLI::Range(1, 1000));
  app.add_option("--passes", s.passes, "How often the short rows are repeated")
      ->check(CLI::Range(1, 1000));
  app.add_option("--seconds", s.seconds, "Time for one measurement")
      ->check(CLI::Range(0.001, 100.0));
  app.add_option("--python", s.python,
                 "The Python that has PyTorch or JAX (or environment variable GRADUS_PYTHON)");
  app.add_option("--blas", s.blas,
                 "Shared libraries with cblas_sgemm or dnnl_sgemm (or GRADUS_BLAS, with colons)");
  app.add_option("--worker", worker)->group("");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (worker == "gradus") return serve_gradus();
  if (!worker.empty()) return serve_blas(worker);
  s.peers = !no_peers;
  if (s.quick) {
    s.rounds = s.passes = 1;
    s.seconds = 0.01;
  }
  std::signal(SIGPIPE, SIG_IGN);  // a missing answer shows that a peer has ended
  return compare(s);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  try {
    return bench::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench: {}\n", error.what());
    return 1;
  }
}

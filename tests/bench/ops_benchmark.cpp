// ./run bench ops: measures the rows for Gradus with Google Benchmark, its statistics and options.
#include <benchmark/benchmark.h>

#include "gradus.h"
#include "tests/bench/cases.h"

int main(int argc, char** argv) {
  for (const bench::Row& row : bench::all_rows()) {
    if (row.group() == "model" || row.group() == "memory") continue;
    const bool is_op = row.name.starts_with("op/") || row.name.starts_with("medium/op/");
    const bool prepared = is_op || row.name.ends_with("/backward");
    auto* const one =
        benchmark::RegisterBenchmark(row.name.c_str(), [row](benchmark::State& state) {
          gradus::set_num_threads(row.all_threads ? gradus::get_num_threads() : 1);
          gradus::manual_seed(1);
          gradus::set_float32_matmul_precision("highest");
          const bench::Case work = bench::gradus_case(row.name);
          if (!work.prepare)
            for (auto _ : state)
              work.run();
          else
            for (auto _ : state) {
              work.prepare();
              const double start = bench::now();
              work.run();
              state.SetIterationTime((bench::now() - start) / work.per);
            }
          using benchmark::Counter;
          const auto each = Counter::kIsIterationInvariantRate;
          state.counters["FLOP/s"] = Counter(row.flops, each);
          state.counters["bytes/s"] = Counter(row.bytes, each, Counter::kIs1024);
        });
    prepared ? one->UseManualTime() : one->UseRealTime();
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

// The page "From three loops to the machine's limit": the steps compute the product, and the
// accesses and cache misses that it shows are counted right.
#include <gtest/gtest.h>

#include "page/play/matmul/matmul.h"

namespace gradus::page {
namespace {

constexpr int64_t n = kTracedSize;

TEST(PlayMatmul, EveryStepComputesTheProduct) {
  std::vector<float> a;
  std::vector<float> b;
  for (int64_t i = 0; i < n * n; ++i) {
    a.push_back(static_cast<float>(i % 5 - 2));
    b.push_back(static_cast<float>(i % 7 - 3));
  }
  const Tensor expected = tensor(a).view({n, n}).matmul(tensor(b).view({n, n}));
  for (size_t step = 0; step < step_names().size(); ++step)
    EXPECT_TRUE(tensor(trace_of(step).product).view({n, n}).equal(expected)) << step_names()[step];
}

/// Two lines of 4 numbers fit: 0 and 5 are in lines 0 and 1, 9 is in line 2.
TEST(PlayMatmul, TheCacheKeepsTheLinesUsedLast) {
  SimulatedCache cache({.line = 4, .lines = 2});
  const auto touch = [&](int64_t address) {
    const auto [is_hit, evicted] = cache.touch(address);
    return std::pair(is_hit, evicted);
  };
  EXPECT_EQ(touch(0), std::pair(false, int64_t{-1}));
  EXPECT_EQ(touch(3), std::pair(true, int64_t{-1}));
  EXPECT_EQ(touch(5), std::pair(false, int64_t{-1}));
  EXPECT_EQ(touch(1), std::pair(true, int64_t{-1}));  // line 0 is the one used last now
  EXPECT_EQ(touch(9), std::pair(false, int64_t{1}));  // so line 1 makes room
  EXPECT_EQ(touch(2), std::pair(true, int64_t{-1}));
  EXPECT_EQ(touch(4), std::pair(false, int64_t{2}));
  EXPECT_EQ(cache.hits(), 3);
  EXPECT_EQ(cache.misses(), 4);
}

struct Counts {
  int64_t reads, writes;
};

/// By hand, for n = 8, blocks of 4 x 4 and a tile of 4 x 2:
///   three loops    2 n^3 reads, n^2 writes
///   loop order     3 n^3 reads; n^3 writes, and n^2 zeros
///   blocks         the same
///   register tile  16 tiles of depth 4: each 4 (4 + 2) + 8 reads and 8 writes, and n^2 zeros
///   packing        that, and 4 blocks of A of 16 numbers and 16 panels of B of 8, read and written
///   vectors        8 tiles of 4 x 4: each 4 (4 + 4) + 16 reads and 16 writes, and the packing
TEST(PlayMatmul, ReadsAndWritesAreThoseCountedByHand) {
  const std::vector<Counts> expected = {
      {2 * 512, 64},
      {3 * 512, 512 + 64},
      {3 * 512, 512 + 64},
      {16 * (24 + 8), 16 * 8 + 64},
      {16 * (24 + 8) + 64 + 128, 16 * 8 + 64 + 64 + 128},
      {8 * (32 + 16) + 64 + 128, 8 * 16 + 64 + 64 + 128},
  };
  for (size_t step = 0; step < expected.size(); ++step) {
    const Trace trace = trace_of(step);
    EXPECT_EQ(trace.reads, expected[step].reads) << step_names()[step];
    EXPECT_EQ(trace.writes, expected[step].writes) << step_names()[step];
    EXPECT_EQ(trace.reads + trace.writes, std::ssize(trace.accesses));
  }
}

/// Three loops by hand, with 8 lines of 4 numbers: between two reads of a line of B there are 7
/// other lines of B, 2 of A and one of C, so each of the 512 reads of B misses, and so does each of
/// the 64 writes of C. A line of A is used again after 7 other lines, so only its first read in
/// each row of C misses: 8 rows of 2 lines.
TEST(PlayMatmul, MissesOfThreeLoopsAreThoseCountedByHand) {
  const Trace trace = trace_of(0);
  std::vector<int64_t> misses(3);
  for (const Access& access : trace.accesses)
    misses[static_cast<size_t>(access.area)] += access.is_hit ? 0 : 1;
  EXPECT_EQ(misses, std::vector<int64_t>({16, 512, 64}));
  EXPECT_EQ(trace.misses, 592);
}

/// The first accesses of the first two steps.
TEST(PlayMatmul, TheOrderIsThatOfTheLoops) {
  const auto place = [](const Access& access) {
    return std::tuple(access.area, access.element, access.is_write);
  };
  const Trace loops = trace_of(0);
  EXPECT_EQ(place(loops.accesses[0]), std::tuple(0, 0, false));  // A[0, 0]
  EXPECT_EQ(place(loops.accesses[1]), std::tuple(1, 0, false));  // B[0, 0]
  EXPECT_EQ(place(loops.accesses[2]), std::tuple(0, 1, false));  // A[0, 1]
  EXPECT_EQ(place(loops.accesses[3]), std::tuple(1, 8, false));  // B[1, 0]
  EXPECT_EQ(place(loops.accesses[16]), std::tuple(2, 0, true));  // C[0, 0]
  const Trace order = trace_of(1);
  EXPECT_EQ(place(order.accesses[63]), std::tuple(2, 63, true));  // the last zero
  EXPECT_EQ(place(order.accesses[64]), std::tuple(0, 0, false));  // A[0, 0]
  EXPECT_EQ(place(order.accesses[65]), std::tuple(1, 0, false));  // B[0, 0]
  EXPECT_EQ(place(order.accesses[66]), std::tuple(2, 0, false));  // C[0, 0] += ...
  EXPECT_EQ(place(order.accesses[67]), std::tuple(2, 0, true));
  EXPECT_EQ(place(order.accesses[69]), std::tuple(1, 1, false));  // B[0, 1]
}

/// The lines of the packed blocks.
int64_t packed_lines(const Trace& trace) {
  int64_t lines = 0;
  for (size_t i = 3; i < trace.areas.size(); ++i)
    lines += trace.areas[i].rows * trace.areas[i].columns / CacheOptions{}.line;
  return lines;
}

/// What the page's sentences and its tour say.
TEST(PlayMatmul, TheClaimsAreTrue) {
  std::vector<Trace> traces;
  for (size_t step = 0; step < step_names().size(); ++step)
    traces.push_back(trace_of(step));
  // Down the column every read of B misses.
  for (const Access& access : traces[0].accesses)
    EXPECT_TRUE(access.area != 1 || !access.is_hit);
  // Along the rows three of four reads of B hit.
  int64_t reads = 0;
  int64_t hits = 0;
  for (const Access& access : traces[1].accesses) {
    reads += access.area == 1 ? 1 : 0;
    hits += access.area == 1 && access.is_hit ? 1 : 0;
  }
  EXPECT_EQ(4 * hits, 3 * reads);
  // A block of B stays in the cache: it is fetched once, 4 lines for each of 4 blocks.
  int64_t fetched = 0;
  for (const Access& access : traces[2].accesses)
    fetched += access.area == 1 && !access.is_hit ? 1 : 0;
  EXPECT_EQ(fetched, 16);
  EXPECT_EQ(reads - hits, 128);  // and in the step before
  EXPECT_LT(traces[2].misses, traces[1].misses);
  // A tile in registers needs far fewer accesses.
  EXPECT_LT(3 * traces[3].accesses.size(), traces[2].accesses.size() + 100);
  // Tiles miss a small cache more often than blocks, but a larger one only once for each line of
  // the three matrices, and they make about half as many accesses or fewer.
  for (size_t step = 3; step < traces.size(); ++step) {
    EXPECT_GT(traces[step].misses, traces[2].misses) << step_names()[step];
    EXPECT_LT(2 * traces[step].accesses.size(), traces[2].accesses.size() + 100);
    const Trace larger = trace_of(step, {.lines = 64});
    EXPECT_EQ(larger.misses, 48 + packed_lines(larger)) << step_names()[step];
  }
  EXPECT_NE(sentence_about(0, traces[0]).find("1024 reads, 64 writes, 592 cache misses for 512"),
            std::string::npos);
}

/// The packed form of the accesses, and the lines that make room: replaying them gives the cache.
TEST(PlayMatmul, TheJsonCanBeReplayed) {
  for (size_t step = 0; step < step_names().size(); ++step) {
    const Trace trace = trace_of(step);
    const Json json = trace_json(step);
    ASSERT_EQ(json.at("accesses").size(), trace.accesses.size());
    EXPECT_EQ(std::ssize(json.at("evicted")), trace.misses);
    std::set<int64_t> lines;
    size_t misses = 0;
    for (const Json& packed : json.at("accesses")) {
      const auto value = packed.get<int64_t>();
      const int64_t place = value / 4;
      const Json& area = json.at("areas").at(static_cast<size_t>(place % 8));
      const int64_t line = area.at("line").get<int64_t>() + place / 8 / CacheOptions{}.line;
      EXPECT_EQ(lines.count(line), static_cast<size_t>(value & 1));
      if (value & 1) continue;
      lines.erase(json.at("evicted").at(misses++).get<int64_t>());
      lines.insert(line);
      EXPECT_LE(std::ssize(lines), CacheOptions{}.lines);
    }
  }
}

TEST(PlayMatmul, MeasuresEachStepAndChecksItsProduct) {
  const Measured measured = measure(256, 0.001);
  EXPECT_EQ(measured.gflops.size(), step_names().size() + 1);
  for (const double gflops : measured.gflops)
    EXPECT_GT(gflops, 0);
  EXPECT_GT(measured.peak, 0);
  EXPECT_FALSE(measured.where.empty());
  EXPECT_THROW(measure(100, 0.001), Error);
}

TEST(PlayMatmul, TheTourStaysInsideTheTraces) {
  const Json report = Json::parse(matmul_report({}).json());
  const Json& panel = report.at("panels")[0];
  EXPECT_TRUE(panel.at("measured").is_null());
  EXPECT_EQ(panel.at("names").size(), panel.at("steps").size() + 1);
  for (const Json& stop : report.at("tour")) {
    const auto number = [&](const char* key) {
      return std::stoul(stop.at("select").at(key).get<std::string>());
    };
    ASSERT_LT(number("step"), panel.at("steps").size());
    EXPECT_LE(number("at"), panel.at("steps")[number("step")].at("accesses").size());
  }
}

}  // namespace
}  // namespace gradus::page

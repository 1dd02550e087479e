#include "page/play/matmul/matmul.h"

#include "page/play/kit/source.h"

namespace gradus::page {
namespace {

/// What is new in each step, and where its code is.
struct Idea {
  const char* name;
  const char* words;
  const char* definition;
};
const Idea kIdeas[] = {
    {"three loops",
     "B is read down its columns: every number comes from another line, and the line is gone "
     "before its neighbours are needed.",
     "void three_loops("},
    {"loop order",
     "The same additions, but the innermost loop runs along rows of B and C: all 4 numbers of a "
     "line are used one after the other.",
     "void loop_order("},
    {"blocks", "A block of B, 4 lines, stays in the cache until all rows of A have used it.",
     "void blocks("},
    {"register tile",
     "A tile of C, 4 x 2 numbers, stays in registers: 6 reads serve 8 multiply-adds. But a tile "
     "needs 12 lines, 4 each of A, B and C, and the cache has 8.",
     "struct ScalarTile"},
    {"packing",
     "Both blocks are copied first, in the order in which the tile reads them. Matrices as small "
     "as these lose by it; in large ones each copied number is used at least 128 times.",
     "void packed_rows("},
    {"vectors",
     "The same with vectors: one instruction multiplies and adds several numbers, here 2. The tile "
     "is wider, 4 x 4, so the packed numbers are read less often.",
     "struct VectorTile"},
};

Json code_of(size_t step) {
  const Excerpt code = excerpt("page/play/matmul/steps.h", kIdeas[step].definition);
  return {{"file", code.file}, {"first_line", code.first_line}, {"source", code.text}};
}

Json measured_json(const Measured& measured) {
  return {{"where", measured.where},
          {"size", measured.size},
          {"vector", measured.vector},
          {"peak", number(measured.peak)},
          {"gflops", numbers(measured.gflops)}};
}

}  // namespace

std::string sentence_about(size_t step, const Trace& trace) {
  return fmt::format("{} Here: {} reads, {} writes, {} cache misses for {} multiply-adds.",
                     kIdeas[step].words, trace.reads, trace.writes, trace.misses,
                     kTracedSize * kTracedSize * kTracedSize);
}

Json trace_json(size_t step) {
  const Trace trace = trace_of(step);
  Json areas = Json::array();
  for (const Area& area : trace.areas)
    areas.push_back({{"name", area.name},
                     {"rows", area.rows},
                     {"columns", area.columns},
                     {"line", area.first_line}});
  Json accesses = Json::array();
  Json evicted = Json::array();
  for (const Access& access : trace.accesses) {
    const int64_t place = access.element * 8 + access.area;
    accesses.push_back((place * 2 + (access.is_write ? 1 : 0)) * 2 + (access.is_hit ? 1 : 0));
    if (!access.is_hit) evicted.push_back(access.evicted);
  }
  return {{"name", step_names()[step]}, {"say", sentence_about(step, trace)},
          {"reads", trace.reads},       {"writes", trace.writes},
          {"misses", trace.misses},     {"areas", areas},
          {"accesses", accesses},       {"evicted", evicted},
          {"code", code_of(step)}};
}

Json matmul_panel(const std::optional<Measured>& measured, bool with_traces) {
  const CacheOptions cache;
  Json steps = Json::array();
  for (size_t step = 0; with_traces && step < step_names().size(); ++step)
    steps.push_back(trace_json(step));
  Json names = step_names();
  names.push_back("the library");
  return {
      {"title", "What each step touches"},
      {"note", fmt::format("C = A B with {0} x {0} numbers, and a cache of {1} "
                           "lines of {2} numbers "
                           "that keeps the lines used last. Real matrices and "
                           "caches are larger; the "
                           "order of the accesses is that of the code below.",
                           kTracedSize, cache.lines, cache.line)},
      {"line", cache.line},
      {"names", names},
      {"speed_note",
       "Steps 4 to 6 miss the small cache of the picture more often than step 3: it has no room "
       "for the lines of their tiles. A real cache keeps them all, so there only the reads and "
       "writes count, and these steps make about half as many or fewer."},
      {"steps", steps},
      {"measured", measured ? measured_json(*measured) : Json()}};
}

Report matmul_report(const std::optional<Measured>& measured, bool with_traces) {
  Report report({.id = "play_matmul",
                 .title = "From three loops to the machine's limit",
                 .lede = "The same multiply-adds in another order: watch which "
                         "cache lines each "
                         "step needs, and how fast it is."});
  report.panel("play_matmul", matmul_panel(measured, with_traces).dump());
  const auto stop = [](const std::string& say, const char* step, const char* at) {
    return Stop{say, {{"step", step}, {"at", at}}};
  };
  report.tour({
      stop("The definition: a row of A times a column of B. Down the column "
           "every read needs "
           "another line, and all of them miss.",
           "0", "60"),
      stop("Exchange two loops: the same additions now run along the rows, and "
           "three of four reads "
           "find their line in the cache.",
           "1", "200"),
      stop("A block of B stays in the cache for all rows of A.", "2", "300"),
      stop("A tile of C in registers needs far fewer reads and writes for the "
           "same multiply-adds.",
           "3", "120"),
      stop("Packed blocks are read from first to last, so that vectors can "
           "multiply and add many "
           "numbers at once: from here on arithmetic is the limit.",
           "5", "300"),
  });
  return report;
}

}  // namespace gradus::page

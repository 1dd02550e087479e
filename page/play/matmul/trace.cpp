#include "page/play/matmul/trace.h"

#include <algorithm>
#include <array>
#include <utility>

#include "page/play/matmul/steps.h"
#include "tensor/error.h"

namespace gradus::page {
namespace {

/// Memory that notes every access. There is one at a time.
class Recorder {
 public:
  explicit Recorder(const CacheOptions& options) : options_(options), cache_(options) {
    current_ = this;
  }
  ~Recorder() { current_ = nullptr; }
  Recorder(const Recorder&) = delete;
  static Recorder& current() { return *current_; }

  int64_t add_area(const std::string& name, int64_t rows, int64_t columns) {
    const int64_t lines = (rows * columns + options_.line - 1) / options_.line;
    trace.areas.push_back({name, rows, columns, next_line_});
    next_line_ += lines;
    numbers_.emplace_back(static_cast<size_t>(rows * columns));
    return std::ssize(trace.areas) - 1;
  }
  float& number(int64_t area, int64_t element) {
    return numbers_.at(static_cast<size_t>(area)).at(static_cast<size_t>(element));
  }
  float read(int64_t area, int64_t element) {
    note(area, element, false);
    return number(area, element);
  }
  void write(int64_t area, int64_t element, float x) {
    note(area, element, true);
    number(area, element) = x;
  }

  Trace trace;

 private:
  void note(int64_t area, int64_t element, bool is_write) {
    const int64_t line = trace.areas.at(static_cast<size_t>(area)).first_line;
    const auto [is_hit, evicted] = cache_.touch(line * options_.line + element);
    trace.accesses.push_back({area, element, is_write, is_hit, evicted});
    trace.reads += is_write ? 0 : 1;
    trace.writes += is_write ? 1 : 0;
    trace.misses += is_hit ? 0 : 1;
  }

  static inline Recorder* current_ = nullptr;
  CacheOptions options_;
  SimulatedCache cache_;
  int64_t next_line_ = 0;
  std::vector<std::vector<float>> numbers_;
};

/// A pointer into an area.
struct TracedIn {
  int64_t area;
  int64_t element;
  float operator[](int64_t i) const { return Recorder::current().read(area, element + i); }
  TracedIn operator+(int64_t i) const { return {area, element + i}; }
  TracedIn& operator+=(int64_t i) {
    element += i;
    return *this;
  }
};

/// What a pointer points to: assigning is a write, += a read and a write.
struct TracedNumber {
  int64_t area;
  int64_t element;
  void operator=(float x) const { Recorder::current().write(area, element, x); }  // NOLINT
  void operator+=(float x) const {
    Recorder& recorder = Recorder::current();
    recorder.write(area, element, recorder.read(area, element) + x);
  }
};

struct TracedOut {
  int64_t area;
  int64_t element;
  TracedNumber operator[](int64_t i) const { return {area, element + i}; }
  TracedNumber operator*() const { return {area, element}; }
  TracedOut operator+(int64_t i) const { return {area, element + i}; }
  TracedOut& operator+=(int64_t i) {
    element += i;
    return *this;
  }
  operator TracedIn() const { return {area, element}; }  // NOLINT: implicit, as for pointers
};

constexpr int64_t kPairWidth = 2;

/// A vector of two numbers, so that two of them fill a line.
struct Pair {
  std::array<float, kPairWidth> numbers = {};
  void operator+=(const Pair& x) {
    for (size_t i = 0; i < numbers.size(); ++i)
      numbers[i] += x.numbers[i];
  }
  friend Pair operator*(float x, Pair pair) {
    for (float& number : pair.numbers)
      number *= x;
    return pair;
  }
};

struct Traced {
  using Out = TracedOut;
  using In = TracedIn;
  static constexpr int64_t kRows = 4;
  static constexpr int64_t kDepth = 4;
  static constexpr int64_t kColumns = 4;
  static constexpr int64_t kWidth = kPairWidth;
  static constexpr int64_t kVectorRows = 4;
  using Vector = Pair;

  static Pair load(TracedIn from) { return {{from[0], from[1]}}; }
  static void add_to(TracedOut to, const Pair& x) {
    const Pair old = load(to);
    for (int64_t i = 0; i < kWidth; ++i) {
      const auto place = static_cast<size_t>(i);
      to[i] = old.numbers[place] + x.numbers[place];
    }
  }

  class Buffer {
   public:
    Buffer(const char* name, int64_t n)
        : area_(Recorder::current().add_area(name, n / kDepth, kDepth)) {}
    TracedOut data() const { return {area_, 0}; }

   private:
    int64_t area_;
  };
};

using StepFunction = void (*)(TracedOut, TracedIn, TracedIn, int64_t);

const std::vector<std::pair<std::string, StepFunction>>& steps() {
  static const std::vector<std::pair<std::string, StepFunction>> list = {
      {"three loops", three_loops<Traced>}, {"loop order", loop_order<Traced>},
      {"blocks", blocks<Traced>},           {"register tile", register_tile<Traced>},
      {"packing", packing<Traced>},         {"vectors", vectors<Traced>}};
  return list;
}

}  // namespace

SimulatedCache::Result SimulatedCache::touch(int64_t address) {
  const int64_t line = address / options_.line;
  const auto found = std::find(lines_.begin(), lines_.end(), line);
  if (found != lines_.end()) {
    std::rotate(found, found + 1, lines_.end());
    ++hits_;
    return {true, -1};
  }
  ++misses_;
  int64_t evicted = -1;
  if (std::ssize(lines_) == options_.lines) {
    evicted = lines_.front();
    lines_.erase(lines_.begin());
  }
  lines_.push_back(line);
  return {false, evicted};
}

const std::vector<std::string>& step_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const auto& [name, function] : steps())
      list.push_back(name);
    return list;
  }();
  return names;
}

Trace trace_of(size_t step, const CacheOptions& options) {
  check(step < steps().size(), "trace_of: there are {} steps, there is no step {}", steps().size(),
        step);
  Recorder recorder(options);
  constexpr int64_t n = kTracedSize;
  for (const char* name : {"A", "B", "C"})
    recorder.add_area(name, n, n);
  for (int64_t i = 0; i < n * n; ++i) {
    recorder.number(0, i) = static_cast<float>(i % 5 - 2);
    recorder.number(1, i) = static_cast<float>(i % 7 - 3);
  }
  steps()[step].second({2, 0}, {0, 0}, {1, 0}, n);
  for (int64_t i = 0; i < n * n; ++i)
    recorder.trace.product.push_back(recorder.number(2, i));
  return std::move(recorder.trace);
}

}  // namespace gradus::page

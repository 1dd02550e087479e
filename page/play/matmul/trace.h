// What a step of the matrix product reads and writes, in order, and what a small cache makes of it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace gradus::page {

/// The cache of the pictures: far smaller than a real one, as the matrices are. It keeps the lines
/// that were used last.
struct CacheOptions {
  int64_t line = 4;   // numbers in a line, which are fetched together
  int64_t lines = 8;  // lines that fit
};

/// Keeps the last lines used and counts.
class SimulatedCache {
 public:
  explicit SimulatedCache(const CacheOptions& options) : options_(options) {}
  struct Result {
    bool is_hit;
    int64_t evicted;  // the line that made room, or -1
  };
  /// Reads or writes the number at the address.
  Result touch(int64_t address);
  int64_t hits() const { return hits_; }
  int64_t misses() const { return misses_; }

 private:
  CacheOptions options_;
  std::vector<int64_t> lines_;  // the line used last is at the end
  int64_t hits_ = 0;
  int64_t misses_ = 0;
};

/// One access to one number; a vector is several in a row.
struct Access {
  int64_t area;     // 0: A, 1: B, 2: C, 3: packed A, 4: packed B
  int64_t element;  // of the area
  bool is_write;
  bool is_hit;
  int64_t evicted;  // a line, or -1
};

/// A part of the memory: a matrix or a packed block.
struct Area {
  std::string name;
  int64_t rows;
  int64_t columns;
  int64_t first_line;  // each area begins with a line of its own
};

struct Trace {
  std::vector<Area> areas;
  std::vector<Access> accesses;
  int64_t reads = 0;
  int64_t writes = 0;
  int64_t misses = 0;
  std::vector<float> product;  // C
};

constexpr int64_t kTracedSize = 8;

/// The names of the steps: "three loops", ...
const std::vector<std::string>& step_names();
/// Carries out the step, counted from 0, with matrices of 8 x 8 numbers: the code of steps.h, with
/// blocks of 4.
Trace trace_of(size_t step, const CacheOptions& options = {});

}  // namespace gradus::page

// Where time and memory go.
//
//   autograd::Profile profile;
//   model(x).sum().backward();
//   std::cout << profile;
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tensor/tensor.h"

namespace gradus::autograd {

struct Profiler;  // what a thread measures, see profile.cpp

/// Measures every op that this thread calls until the end of the block, forward and backward. An op
/// that is made of other ops is counted as these. Time spent between ops is not counted.
class Profile {
 public:
  struct Cost {
    int64_t calls = 0;
    double seconds = 0;
    int64_t bytes = 0;  // allocated for tensors
  };
  struct Row {
    std::string op;
    Cost forward;
    Cost backward;
  };

  Profile();
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  /// One row for each op, the slowest first.
  std::vector<Row> rows() const;

 private:
  friend struct Profiler;
  std::map<std::string, Row> rows_;
  std::unique_ptr<Profiler> own_profiler_;  // of the outermost Profile of a thread
};

/// A table of the rows and their sum.
std::ostream& operator<<(std::ostream& out, const Profile& profile);

// For the rest of the library, which uses these only if observers::active().

/// Counts a call of the op, which has computed y.
void profile_result(const char* op, const Tensor& y);

/// Counts a call that lasts until the end of the block.
class ProfiledCall {
 public:
  enum class Kind { Forward, Backward };
  ProfiledCall(const char* op, Kind kind);
  ~ProfiledCall();
  ProfiledCall(const ProfiledCall&) = delete;
  ProfiledCall& operator=(const ProfiledCall&) = delete;

 private:
  Profiler* profiler_ = nullptr;  // null if this call is not counted
  const char* op_;
  Kind kind_;
  double start_ = 0;
  int64_t allocated_before_ = 0;
  Profile::Cost inside_outer_call_;
};

/// The profiler of this thread or null. A thread that continues the work of another one, which
/// waits, takes over its profiler.
Profiler* current_profiler();
void set_current_profiler(Profiler* profiler);

}  // namespace gradus::autograd

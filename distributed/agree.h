// What the processes of a training run tell each other, so that all do the same. Without a group a
// process is the first of one.
#pragma once
#include <string>

#include "distributed/process_group.h"

namespace gradus::distributed {

/// Whether this process is process 0, which prints and writes.
bool is_first_process();
/// The number of this process, 0 without a group.
int64_t process_rank();
/// The number of processes, 1 without a group.
int64_t process_count();

/// The value that process 0 has.
int64_t of_first_process(int64_t value);
/// The first process that gives true; 0 if none does.
int64_t first_process_where(bool condition);
/// The text that process `source` has.
std::string of_process(int64_t source, const std::string& text);

/// An error that all processes have: one of them is enough to report it.
struct CommonError : Error {
  using Error::Error;
};

/// Throws a CommonError in every process unless all give the same bytes, and names those that have
/// others: "the processes have different models: process 2 not as process 0". `what` is plural.
void check_same(const std::string& what, std::string_view bytes);

}  // namespace gradus::distributed

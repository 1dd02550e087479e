#pragma once
#include "tests/bench/measure.h"

namespace bench {

struct Report {
  std::string processor, date, gradus;
  std::map<int, Peaks> peaks = {};                              // by threads
  std::vector<std::pair<std::string, std::string>> peers = {};  // name, and why it is absent
  std::vector<Result> results = {};
};

/// The lines above the table: machine, peaks, peers.
void print_head(const Report& report);
/// One line; under a line of titles where the group differs from the last one's.
void print_result(const Report& report, const Result& result, bool first_of_group);
/// What can be said only at the end: means, cells that fall short, threads.
void print_summary(const Report& report);
void write_json(const Report& report, const std::string& path);

}  // namespace bench

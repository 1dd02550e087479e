#pragma once
#include "tests/bench/measure.h"

namespace bench {

struct Report {
  std::string processor, date, gradus;
  std::map<int, Peaks> peaks = {};                              // by number of threads
  std::vector<std::pair<std::string, std::string>> peers = {};  // name, reason if absent
  std::vector<Result> results = {};
};

/// The lines above the table: machine, peaks, peers.
void print_head(const Report& report);
/// One line of the table, with a line of titles above it if it is the first of its group.
void print_result(const Report& report, const Result& result, bool first_of_group);
/// The summary: means, cases that miss their goal, the gain from threads.
void print_summary(const Report& report);
void write_json(const Report& report, const std::string& path);

}  // namespace bench

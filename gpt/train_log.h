// The evaluations of a training run: in log.csv, as JSON, and as a curve.
#pragma once
#include <string>
#include <vector>

#include "gpt/train.h"
#include "terminal/pictures.h"

namespace gradus::gpt {

/// The evaluations of a run, which are also in a CSV file. The file is written anew for each, so
/// that it is complete at any moment.
class TrainLog {
 public:
  /// Continues the file with the evaluations up to `last_step`, or begins a new one with -1. Throws
  /// if a line of the file is no evaluation.
  TrainLog(const std::string& path, int64_t last_step);
  void add(const Evaluation& evaluation);
  const std::vector<Evaluation>& evaluations() const { return evaluations_; }

  /// Training and validation loss against steps; "" if there are fewer than two evaluations.
  std::string curve(const terminal::Canvas& canvas) const;

 private:
  const std::string path_;
  std::vector<Evaluation> evaluations_;
};

/// One JSON object without a line end: {"step":250,"train_loss":2.5,...}
std::string json_line(const Evaluation& evaluation);

}  // namespace gradus::gpt

// Trains the models to repeat digits, and measures how many they can repeat.
#pragma once
#include "page/json_values.h"
#include "page/play/bottleneck/models.h"

namespace gradus::page::bottleneck {

struct TrainingOptions {
  int64_t steps = 2000;
  int64_t seeds = 3;     // each model is trained so many times
  int64_t batch = 32;    // sequences in a step
  int64_t longest = 14;  // digits in training
  double lr = 1e-2;      // the largest
  int64_t tests = 200;   // sequences of each length
};

/// How many of the test sequences of 1, 2, ... kLongest digits a model repeats without a mistake.
struct Accuracy {
  std::string model;
  std::vector<double> mean, low, high;  // over the seeds
};

struct Trained {
  std::vector<Model> models;  // of the first seed
  std::vector<Accuracy> accuracy;
  TrainingOptions options;
};

/// Trains all models; they learn in threads of their own. The result depends on the options only.
Trained train_models(const TrainingOptions& options = {});

/// For a file: the parameters as 16-bit integers with a scale for each tensor, the accuracies and
/// the options.
Json to_json(const Trained& trained);
/// Reads such a text. Throws Error with a sentence if it is something else.
Trained trained_from_json(const std::string& text, const std::string& origin);

/// The share of `count` random sequences of this length that the model repeats without a mistake.
double share_right(const Model& model, int64_t length, int64_t count, uint64_t seed);

}  // namespace gradus::page::bottleneck

// The page "How much fits through one vector?".
#pragma once
#include "page/play/bottleneck/training.h"
#include "page/report.h"

namespace gradus::page::bottleneck {

/// What the models do with the digits, and how many digits they can repeat. Throws a sentence if
/// the text is not a sequence of digits.
Report report_of(const Trained& trained, const std::string& digits);

/// The share of sequences of this length that a model repeats, in the mean over the seeds.
double accuracy_at(const Trained& trained, const std::string& model, int64_t length);

}  // namespace gradus::page::bottleneck

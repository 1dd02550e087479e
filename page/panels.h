// The JSON of each kind of panel. Report's member functions of the same names say what they mean.
#pragma once
#include <string>
#include <vector>

#include "page/json_values.h"
#include "page/report.h"

namespace gradus::page {

Json tensor_panel(const std::string& name, const Tensor& x, const TableOptions& options);
Json heatmap_panel(const std::string& title, const Tensor& matrix, const HeatmapOptions& options);
Json attention_panel(const std::string& title, const Words& queries, const Words& keys,
                     const std::vector<AttentionStep>& steps, const AttentionOptions& options);
Json alignment_panel(const std::string& title, const Words& source, const Words& target,
                     const Tensor& weights);
Json curve_panel(const std::string& title, const std::vector<double>& x,
                 const std::vector<Series>& series, const CurveOptions& options);
Json bars_panel(const std::string& title, const Words& labels, const Tensor& values);
Json predictions_panel(const std::string& title, const Tensor& logits, const Words& labels,
                       int top);
Json graph_panel(const std::string& title, const Tensor& y, const NamedTensors& named);
Json module_panel(const std::string& title, const nn::Module& module);

/// {"count", "mean", "std", "min", "max", "nan", "inf", "histogram"} of the elements. mean, std,
/// min and max are those of the finite elements; std divides by their number.
Json statistics(const std::vector<double>& values);

/// Throws if there are labels and their number is not `size`. The message begins with the op.
void check_labels(const char* op, const char* what, const Words& labels, int64_t size);
/// The labels, or "0", "1", ... if there are none.
Words labels_or_numbers(const Words& labels, int64_t size);

}  // namespace gradus::page

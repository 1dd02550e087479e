#include "nn/summary.h"

#include <algorithm>
#include <array>
#include <map>
#include <ostream>

namespace gradus::nn {

/// Puts a model into evaluation mode and watches its layers, for as long as the object exists.
class WatchedModel {
 public:
  explicit WatchedModel(const Module& model) : modules_(model.modules()) {
    for (const Module& module : modules_)
      was_training_.push_back(module.is_training());
    model.eval();
  }
  WatchedModel(const WatchedModel&) = delete;
  WatchedModel& operator=(const WatchedModel&) = delete;
  ~WatchedModel() {
    for (const RemovableHandle& hook : hooks_)
      hook.remove();
    for (size_t i = 0; i < modules_.size(); ++i)
      modules_[i].set_training(was_training_[i]);
  }
  /// Calls f(y) for each result y of the module.
  void watch(const Module& module, const std::function<void(const Tensor& y)>& f) {
    if (!module.runs_hooks()) return;
    hooks_.push_back(
        module.register_forward_hook([f](const Module&, const Tensor&, const Tensor& y) { f(y); }));
  }

 private:
  std::vector<Module> modules_;
  std::vector<bool> was_training_;
  std::vector<RemovableHandle> hooks_;
};

namespace {

/// The number of parts of a name: 0 of "", 2 of "blocks.0".
int64_t depth_of(const std::string& name) {
  return name.empty() ? 0 : 1 + std::count(name.begin(), name.end(), '.');
}
/// The last part of a name.
std::string last_part(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == std::string::npos ? name : name.substr(dot + 1);
}
/// The name without its last part.
std::string parent_of(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

/// "1,234,567"
std::string with_separators(int64_t n) {
  std::string digits = std::to_string(n);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

}  // namespace

ModelSummary summarize(const Module& model, const char* signature, int64_t depth,
                       const std::function<std::optional<Shape>()>& run) {
  check(depth >= 0, "summary: depth is {}, expected 0 or more", depth);
  ModelSummary result;
  const NamedModules modules = model.named_modules();
  std::map<std::string, size_t> row_of;
  for (const auto& [name, module] : modules) {
    if (depth_of(name) > depth) continue;
    const std::string type = name.empty() ? class_name(signature) : module.name();
    row_of[name] = result.rows.size();
    result.rows.push_back({depth_of(name), last_part(name), type, std::nullopt, 0});
  }
  for (const auto& [name, p] : model.named_parameters()) {
    std::string owner = parent_of(name);
    while (depth_of(owner) > depth)
      owner = parent_of(owner);
    result.rows[row_of.at(owner)].num_params += p.numel();
    result.total_params += p.numel();
    if (p.requires_grad()) result.trainable_params += p.numel();
  }
  {
    const NoGradGuard no_grad;
    WatchedModel watched(model);
    for (const auto& [name, module] : modules) {
      const auto row = row_of.find(name);
      if (row == row_of.end()) continue;
      watched.watch(module, [&shape = result.rows[row->second].output_shape](const Tensor& y) {
        if (y.defined()) shape = y.sizes();
      });
    }
    result.rows[0].output_shape = run();
  }
  return result;
}

std::string to_string(const ModelSummary& summary) {
  std::vector<std::array<std::string, 3>> cells{{"Layer", "Output Shape", "Param #"}};
  for (const auto& row : summary.rows) {
    const std::string indent(static_cast<size_t>(2 * row.depth), ' ');
    const std::string name = row.name.empty() ? "" : fmt::format("({}): ", row.name);
    cells.push_back({indent + name + row.type,
                     row.output_shape ? fmt::format("{}", *row.output_shape) : "--",
                     row.num_params > 0 ? with_separators(row.num_params) : "--"});
  }
  std::array<size_t, 3> widths{};
  for (const auto& line : cells)
    for (size_t i = 0; i < 3; ++i)
      widths[i] = std::max(widths[i], line[i].size());
  const std::string rule(widths[0] + widths[1] + widths[2] + 4, '=');
  std::string text = rule + "\n";
  for (size_t i = 0; i < cells.size(); ++i) {
    text += fmt::format("{:<{}}  {:<{}}  {:>{}}\n", cells[i][0], widths[0], cells[i][1], widths[1],
                        cells[i][2], widths[2]);
    if (i == 0) text += rule + "\n";
  }
  const int64_t frozen = summary.total_params - summary.trainable_params;
  return text +
         fmt::format("{}\nTotal params: {}\nTrainable params: {}\nNon-trainable params: {}\n{}",
                     rule, with_separators(summary.total_params),
                     with_separators(summary.trainable_params), with_separators(frozen), rule);
}

std::ostream& operator<<(std::ostream& out, const ModelSummary& summary) {
  return out << to_string(summary);
}

}  // namespace gradus::nn

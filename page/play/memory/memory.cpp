#include "page/play/memory/memory.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "page/play/kit/expression.h"
#include "page/play/kit/fault.h"
#include "page/play/memory/words.h"

namespace gradus::page {
namespace {

constexpr int64_t kMostElements = 96;
constexpr const char* kGivenInWords =
    "x is the matrix of 0 ... 11 with 3 rows and 4 columns, y the vector 0, 10, 20, 30. Calls, "
    "x[i], + - * /, lists in braces, and statements such as auto z = x.t(); are understood.";

/// "element [1, 2] is cell 0 + 1 × 4 + 2 × 1 = 6"
std::string address_in_words(const Tensor& x, const Shape& index, int64_t cell) {
  std::string sum = std::to_string(x.storage_offset());
  for (size_t d = 0; d < index.size(); ++d)
    sum += fmt::format(" + {} × {}", index[d], x.strides()[d]);
  return fmt::format("element {} is cell {} = {}", index, sum, cell);
}

/// Follows an expression and describes the memory after each call.
class MemoryPicture {
 public:
  explicit MemoryPicture(std::string code) : code_(std::move(code)) {
    for (const auto& [name, x] : memory_tensors())
      given_.emplace_back(name, x);
    for (const auto& [name, x] : given_)
      add({.place = {}, .op = "given", .inputs = {}, .result = x, .again = {}}, name);
  }

  Json run() {
    const Outcome outcome =
        run_expression(code_, given_, [this](const Step& step) { add(step, text_of(step)); },
                       {.most_elements = kMostElements});
    if (outcome.result.defined() && !outcome.result.is_same(kept_.back())) {
      const Tensor& x = outcome.result;  // a statement that only names it
      add({.place = {}, .op = "name", .inputs = {x}, .result = x, .again = {}}, text_of_tensor(x));
    }
    const Json fault = outcome.fault ? fault_json(code_, *outcome.fault) : Json();
    return {{"code", code_}, {"storages", storages_}, {"steps", steps_}, {"fault", fault}};
  }

 private:
  std::string text_of(const Step& step) const {
    return code_.substr(step.place.first, step.place.last - step.place.first);
  }

  /// The name of x's storage, A, B, ...; a new name for a storage that was not seen before.
  std::string storage_name(const Tensor& x) {
    const Storage* storage = x.impl().storage.get();
    const auto found = names_.find(storage);
    if (found != names_.end()) return found->second;
    const size_t n = names_.size();
    const std::string name = (n < 26 ? "" : std::string(1, static_cast<char>('A' + n / 26 - 1))) +
                             static_cast<char>('A' + n % 26);
    names_[storage] = name;
    storages_.push_back({{"name", name}, {"cells", cells_in_storage(x)}});
    return name;
  }

  void add(const Step& step, const std::string& text) {
    if (is_elementwise(step.op)) add_broadcast_inputs(step);
    const bool is_new = names_.count(step.result.impl().storage.get()) == 0;
    add(step, text, kind_of(step, is_new));
  }
  void add(const Step& step, const std::string& text, StepKind kind) {
    const std::string storage = storage_name(step.result);
    kept_.push_back(step.result);  // so that no new storage gets the address of an old one
    Json at = Json::array();
    const std::vector<int64_t> cells = cells_of(step.result);
    for (size_t i = 0; i < cells.size(); ++i)
      at.push_back(address_in_words(
          step.result, index_of(static_cast<int64_t>(i), step.result.sizes()), cells[i]));
    Json json = window(step.result);
    json.update({{"text", text},
                 {"first", characters(code_, step.place.first)},
                 {"last", characters(code_, step.place.last)},
                 {"op", step.op},
                 {"kind", name_of(kind)},
                 {"say", sentence_about(step, kind, storage)},
                 {"contiguous", step.result.is_contiguous()},
                 {"at", at},
                 {"values", numbers(elements(step.result))},
                 {"memory", numbers(elements(whole_storage(step.result)))},
                 {"bytes", bytes_written(step, kind)}});
    if (kind == StepKind::kCopy) json["from"] = window(step.inputs.at(0));
    steps_.push_back(json);
  }

  /// What is needed to draw x as a window on its storage.
  Json window(const Tensor& x) {
    return {{"shape", x.sizes().vec()},
            {"strides", x.strides().vec()},
            {"offset", x.storage_offset()},
            {"storage", storage_name(x)},
            {"cells", cells_of(x)}};
  }

  /// The inputs as the op reads them: those of another shape are broadcast, with strides of 0.
  void add_broadcast_inputs(const Step& step) {
    for (const Tensor& x : step.inputs) {
      if (x.sizes() == step.result.sizes()) continue;
      const Step read{.place = step.place,
                      .op = "expand",
                      .inputs = {x},
                      .result = x.expand(step.result.sizes()),
                      .again = {}};
      add(read, fmt::format("{} read as {}", text_of_tensor(x), step.result.sizes()),
          StepKind::kBroadcast);
    }
  }

  /// How x was computed.
  std::string text_of_tensor(const Tensor& x) const {
    for (size_t i = 0; i < kept_.size(); ++i)
      if (kept_[i].is_same(x)) return steps_[i].at("text").get<std::string>();
    return "an operand";
  }

  const std::string code_;
  std::vector<std::pair<std::string, Tensor>> given_;
  std::vector<Tensor> kept_;
  std::map<const Storage*, std::string> names_;
  Json storages_ = Json::array();
  Json steps_ = Json::array();
};

}  // namespace

std::vector<std::pair<std::string, Tensor>> memory_tensors() {
  return {{"x", arange(12, kFloat32).view({3, 4})}, {"y", arange(4, kFloat32) * 10}};
}

std::vector<int64_t> cells_of(const Tensor& x) {
  std::vector<int64_t> cells;
  for (int64_t i = 0; i < x.numel(); ++i) {
    const Shape index = index_of(i, x.sizes());
    int64_t cell = x.storage_offset();
    for (size_t d = 0; d < index.size(); ++d)
      cell += index[d] * x.strides()[d];
    cells.push_back(cell);
  }
  return cells;
}

const std::vector<MemoryExample>& memory_examples() {
  static const std::vector<MemoryExample> examples = {
      {"a transpose, then a copy", "x.transpose(0, 1).reshape({2, 6})"},
      {"a view of a view", "x.narrow(1, 1, 2)[2]"},
      {"every second column", "x.slice(1, 0, 4, 2)"},
      {"stride 0", "y.expand({3, 4})"},
      {"broadcasting", "x + y"},
      {"columns: a size of 1", "x + tensor({100, 200, 300}).unsqueeze(1)"},
      {"writing through a view", "auto row = x[1]; row.fill_(7); x"},
      {"heads of attention", "x.view({3, 2, 2}).transpose(0, 1)"},
      {"a view that is refused", "x.t().view({12})"},
      {"a wrong shape", "x.reshape({5, 2})"},
  };
  return examples;
}

Json memory_result(const std::string& code) { return MemoryPicture(code).run(); }

Json memory_panel(const std::string& code) {
  Json examples = Json::array();
  for (const MemoryExample& example : memory_examples())
    examples.push_back({{"label", example.label},
                        {"code", example.code},
                        {"result", memory_result(example.code)}});
  return {{"title", "Type an expression"},
          {"note", kGivenInWords},
          {"examples", examples},
          {"sources", sources_of_ops()},
          {"result", memory_result(code)}};
}

Report memory_report(const std::string& code) {
  Report report({.id = "play_memory",
                 .title = "One memory, many tensors",
                 .lede = "A tensor is a window on a row of memory cells: watch which cells its "
                         "elements are, in which order, and which calls copy."});
  report.panel("play_memory", memory_panel(code).dump());
  const auto stop = [](const std::string& say, size_t example, const std::string& step) {
    return Stop{say, {{"code", memory_examples().at(example).code}, {"step", step}}};
  };
  report.tour({
      stop("x has 12 numbers in a row of 12 cells; its strides say that a step down skips 4 cells "
           "and a step to the right skips 1.",
           0, "0"),
      stop("transpose moves no number: it exchanges the two strides, so the same cells are read in "
           "another order.",
           0, "2"),
      stop("No strides can read the transposed order as rows of 6, so reshape copies: new cells, "
           "all 12 numbers moved.",
           0, "3"),
      stop("Broadcasting is stride 0: y is read as three rows, and all three are the same four "
           "cells.",
           3, "2"),
      stop("What is written through a view is seen by every tensor that has these cells.", 6, "3"),
  });
  return report;
}

}  // namespace gradus::page

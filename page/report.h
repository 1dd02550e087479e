// A report: what a program computed, as JSON and as one self-contained HTML file. C++ decides every
// number and every label, the page's script only draws them.
//
//   page::Report report({.id = "words", .title = "Five words", .lede = "Look at the second row."});
//   report.heatmap("Attention weights", weights, {.rows = words, .columns = words});
//   report.write("words.html");
//
// To add a kind of panel:
//   1. A function that makes its JSON, {"type": "my_kind", "title": ..., ...}: in a file of its own
//      beside this one and declared in page/panels.h for a member function of Report, or anywhere
//      in a program that calls report.panel("my_kind", json). Tensors become JSON by
//      page/json_values.h.
//   2. A script page/js/my_kind.js that calls registerPanel("my_kind", draw), where
//      draw(panel, page) returns the element that shows the JSON. It is added to the list in
//      page/CMakeLists.txt. page/js/page.js describes the page: selection, state, run.
//   A script page/js/play_*.js is only part of pages that have a panel of that type.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nn/attention_trace.h"
#include "nn/module.h"

namespace gradus::page {

using Words = std::vector<std::string>;

/// The head of a page. `id` names it for links and tests; `lede` is one sentence that says what to
/// look at.
struct Meta {
  std::string id, title, lede;
};

/// A table of the elements of a tensor.
struct TableOptions {
  Words axes = {};     // the names of the dimensions, such as {"token", "channel"}
  Words rows = {};     // the labels of the second last dimension
  Words columns = {};  // the labels of the last dimension
  std::string note = {};
};

/// A matrix in colours. Elements that are not finite are drawn as masked.
struct HeatmapOptions {
  Words rows = {}, columns = {};  // 0, 1, ... by default
  std::string row_axis = "query";
  std::string column_axis = "key";
  std::optional<double> low = {}, high = {};  // the ends of the colour scale
  int digits = 2;                             // after the decimal point
  std::string masked_because = "a later token may not be read";
  std::string note = {};
};

/// A forward pass of an attention layer after `step` training steps.
struct AttentionStep {
  int64_t step = 0;
  nn::AttentionTrace trace = {};
};
struct AttentionOptions {
  int64_t batch = 0;  // the sequence that is shown
  std::string masked_because = "a later token may not be read";
  std::string note = {};
};

struct Series {
  std::string name;
  std::vector<double> values;
};
struct CurveOptions {
  std::string x_axis = "step";
  std::string y_axis = {};
  bool log_scale = false;  // of y
  std::string note = {};
};

/// A stop of the tour: one sentence and what it selects, such as {{"query", "4"}, {"head", "0"}}.
struct Stop {
  std::string say;
  std::map<std::string, std::string> select = {};
  std::string panel = {};  // the title of the panel to show, if any
};

/// What a reader can change before running the program again in the page: `--flag value`.
struct Field {
  std::string flag;           // "--steps"
  std::string label;          // "training steps"
  std::string kind = "text";  // or "number", "choice", "lines"
  std::string value = {};
  Words choices = {};  // of the kind "choice"
};

class Report {
 public:
  explicit Report(Meta meta);
  Report(Report&& other) noexcept;
  Report& operator=(Report&& other) noexcept;
  ~Report();

  // Text.

  /// A heading. What follows belongs to it.
  void section(const std::string& heading, const std::string& note = "");
  void paragraph(const std::string& text);
  /// The answer is shown on demand.
  void question(const std::string& question, const std::string& answer);
  /// What a program printed.
  void output(const std::string& text);
  /// An excerpt of a source file; the first line has the number `first_line`.
  void code(const std::string& file, int first_line, const std::string& source);
  void check(bool ok, const std::string& text);

  // Panels.

  /// A tensor of any dtype and shape: a table, shape, dtype, strides, statistics, a histogram.
  void tensor(const std::string& name, const Tensor& x, const TableOptions& options = {});
  /// A matrix (rows, columns) in colours; rows are queries, columns are keys.
  void heatmap(const std::string& title, const Tensor& matrix, const HeatmapOptions& options = {});
  /// The stages of attention, linked by one selection (query, key, head, step). The traces must
  /// have one row for each query word and one column for each key word.
  void attention(const std::string& title, const Words& queries, const Words& keys,
                 const std::vector<AttentionStep>& steps, const AttentionOptions& options = {});
  /// weights (target words, source words): which source words each target word was translated from.
  void alignment(const std::string& title, const Words& source, const Words& target,
                 const Tensor& weights);
  /// Lines over the same x.
  void curve(const std::string& title, const std::vector<double>& x,
             const std::vector<Series>& series, const CurveOptions& options = {});
  /// One bar for each label: values (labels).
  void bars(const std::string& title, const Words& labels, const Tensor& values);
  /// The most probable labels: logits (..., labels), one row for each position.
  void predictions(const std::string& title, const Tensor& logits, const Words& labels,
                   int top = 5);
  /// The graph from which y was computed, modules first. The `named` tensors are shown with their
  /// names and values; one with an empty name only gets its value (autograd/op_log.h has those of
  /// all ops). The gradients of y, or of y.sum(), are computed here; no grad changes.
  void graph(const std::string& title, const Tensor& y, const NamedTensors& named = {});
  /// The parameters of a module and of its children, with their gradients.
  void module(const std::string& title, const nn::Module& module);
  /// A panel of another kind. `json` is an object; registerPanel(type, draw) draws it.
  void panel(const std::string& type, const std::string& json);

  // What belongs to the page.

  void tour(const std::vector<Stop>& stops);
  /// Shown if the page contains the program. `arguments` are given to it in every run, such as
  /// "--quick".
  void run_box(const std::vector<Field>& fields, const Words& arguments = {});

  std::string json() const;
  /// One HTML file. `wasm_file` is the program that made the report, compiled to WebAssembly; the
  /// page runs it again; it is left out if the page would be larger than 1 MB with it. A file that
  /// cannot be written completely is not changed. Throws Error.
  void write(const std::string& file, const std::string& wasm_file = "") const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gradus::page

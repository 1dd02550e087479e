#include "page/show.h"

#include "page/panels.h"

namespace gradus::page {

void show(const Tensor& x, const std::string& file) {
  check(x.defined(), "show: the tensor is undefined, it was never given a value");
  const std::string title = fmt::format("Tensor of shape {}", x.sizes());
  Report report({.id = "tensor", .title = title, .lede = ""});
  report.tensor("elements", x);
  report.write(file);
}

void show(const nn::Module& module, const std::string& file) {
  Report report({.id = "module", .title = "Module", .lede = "Its parameters and their gradients."});
  report.module("parameters", module);
  report.write(file);
}

void show(const nn::AttentionTrace& trace, const std::string& file, const Words& queries,
          const Words& keys) {
  check(trace.weights.defined(), "show: the trace is empty; pass it to an attention layer first");
  Report report({.id = "attention",
                 .title = "Attention",
                 .lede = "Rows are queries, columns are keys. Point at a cell."});
  const Words rows = labels_or_numbers(queries, trace.weights.size(-2));
  const Words columns = keys.empty() && trace.weights.size(-1) == std::ssize(rows)
                            ? rows
                            : labels_or_numbers(keys, trace.weights.size(-1));
  report.attention("stages", rows, columns, {{.step = 0, .trace = trace}});
  report.write(file);
}

void show_graph(const Tensor& y, const std::string& file, const NamedTensors& named) {
  Report report({.id = "graph", .title = "Graph", .lede = "From the leaves on the left to y."});
  report.graph("operations", y, named);
  report.write(file);
}

}  // namespace gradus::page

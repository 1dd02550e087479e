#include <map>

#include "autograd/graph.h"
#include "page/panels.h"

namespace gradus::page {

Json graph_panel(const std::string& title, const Tensor& y, const NamedTensors& named) {
  std::map<uint64_t, std::pair<std::string, Tensor>> names;
  for (const auto& [name, x] : named) {
    check(x.defined(), "graph: '{}' is undefined", name);
    if (autograd::node_id(x) != 0) names[autograd::node_id(x)] = {name, x};
  }
  const std::vector<autograd::GraphNode> graph = autograd::graph(y);
  check(!graph.empty(),
        "graph: y has no graph, because no tensor that it was computed from needs "
        "gradients");
  Json nodes = Json::array();
  for (const autograd::GraphNode& node : graph) {
    Json json = {{"id", node.id},
                 {"op", node.name},
                 {"scope", node.scope},
                 {"shape", node.shape.vec()},
                 {"dtype", to_string(node.dtype)},
                 {"inputs", node.inputs}};
    if (const auto found = names.find(node.id); found != names.end()) {
      const auto& [name, x] = found->second;
      json["name"] = name;
      json["value"] = tensor_values(x);
      if (x.grad().defined()) json["gradient"] = tensor_values(x.grad());
    }
    nodes.push_back(json);
  }
  return {{"type", "graph"}, {"title", title}, {"nodes", nodes}};
}

}  // namespace gradus::page

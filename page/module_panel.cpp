// The parameters of a module and of its children.
#include <cmath>

#include "page/panels.h"

namespace gradus::page {
namespace {

double norm(const std::vector<double>& values) {
  double squares = 0;
  for (const double x : values)
    squares += x * x;
  return std::sqrt(squares);
}

Json parameter(const std::string& name, const Tensor& p) {
  Json json = {{"name", name},
               {"shape", p.sizes().vec()},
               {"dtype", to_string(p.dtype())},
               {"count", p.numel()},
               {"requires_grad", p.requires_grad()},
               {"values", statistics(elements(p))},
               {"gradient", nullptr}};
  if (p.grad().defined()) {
    const std::vector<double> gradient = elements(p.grad());
    json["gradient"] = statistics(gradient);
    json["gradient"]["norm"] = number(norm(gradient));
  }
  return json;
}

Json node(const std::string& name) {
  return {{"name", name}, {"count", 0}, {"parameters", Json::array()}, {"children", Json::array()}};
}

void add_count(Json& node, int64_t count) { node["count"] = node["count"].get<int64_t>() + count; }

/// The child with this name, made if there is none. Children are in the order of registration, so
/// it can only be the last one.
Json& child(Json& parent, const std::string& name) {
  Json& children = parent["children"];
  if (children.empty() || children.back()["name"] != name) children.push_back(node(name));
  return children.back();
}

}  // namespace

Json module_panel(const std::string& title, const nn::Module& module) {
  Json root = node("");
  for (const auto& [full_name, p] : module.named_parameters()) {
    Json* place = &root;
    size_t start = 0;
    add_count(root, p.numel());
    for (size_t dot = full_name.find('.'); dot != std::string::npos;
         dot = full_name.find('.', start)) {
      place = &child(*place, full_name.substr(start, dot - start));
      add_count(*place, p.numel());
      start = dot + 1;
    }
    (*place)["parameters"].push_back(parameter(full_name.substr(start), p));
  }
  return {{"type", "module"},
          {"title", title},
          {"training", module.is_training()},
          {"module", std::move(root)}};
}

}  // namespace gradus::page

#include <cmath>

#include "page/panels.h"

namespace gradus::page {

static double norm(const std::vector<double>& values) {
  double squares = 0;
  for (const double x : values)
    squares += x * x;
  return std::sqrt(squares);
}

Json module_panel(const std::string& title, const nn::Module& module) {
  Json parameters = Json::array();
  int64_t count = 0;
  for (const auto& [name, p] : module.named_parameters()) {
    Json json = {{"name", name},
                 {"shape", p.sizes().vec()},
                 {"dtype", to_string(p.dtype())},
                 {"count", p.numel()},
                 {"requires_grad", p.requires_grad()},
                 {"statistics", statistics(elements(p))}};
    count += p.numel();
    if (p.grad().defined()) {
      const std::vector<double> gradient = elements(p.grad());
      json["gradient"] = statistics(gradient);
      json["gradient"]["norm"] = number(norm(gradient));
    }
    parameters.push_back(json);
  }
  return {{"type", "module"}, {"title", title}, {"count", count}, {"parameters", parameters}};
}

}  // namespace gradus::page

// One call that shows a tensor, a module, a graph or an attention trace of any program as a page:
//
//   page::show(weights, "weights.html");
#pragma once
#include <string>

#include "page/report.h"

namespace gradus::page {

void show(const Tensor& x, const std::string& file);
/// The parameters of the module with their gradients.
void show(const nn::Module& module, const std::string& file);
/// The stages of attention. Without words, the tokens are numbered.
void show(const nn::AttentionTrace& trace, const std::string& file, const Words& queries = {},
          const Words& keys = {});
/// The graph from which y was computed.
void show_graph(const Tensor& y, const std::string& file, const NamedTensors& named = {});

}  // namespace gradus::page
